// SPDX-License-Identifier: GPL-2.0-only
/*
 * net_load SECONDS [MTU [BYTES]]: frames between two network cards that are on one
 * wire, both ways, each with content that follows from its number, for so long, or
 * until each card has got so much, whichever comes last. Every one that arrives is
 * checked. For machines of scripts/vm --net.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TYPE	0x88b5		/* for experiments */
#define WORDS	8000		/* at most */

struct frame {
	uint8_t to[ETH_ALEN];
	uint8_t from[ETH_ALEN];
	uint16_t type;
	uint16_t pad;
	uint64_t number;
	uint64_t word[WORDS];
} __attribute__((packed));

struct card {
	const char *name;
	int fd;
	unsigned long sent, received, wrong;
};

static unsigned int words = 180;

static size_t frame_size(void)
{
	return offsetof(struct frame, word) + words * sizeof(uint64_t);
}

static uint64_t word_of(uint64_t number, unsigned int i)
{
	uint64_t x = (number * words + i + 1) * 0x9e3779b97f4a7c15;

	return x ^ x >> 29;
}

static void die(const char *what)
{
	fprintf(stderr, "net_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void up(struct card *card, int mtu)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(TYPE) };
	struct ifreq req = { 0 };

	card->fd = socket(AF_PACKET, SOCK_RAW, htons(TYPE));
	if (card->fd < 0)
		die("socket");
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", card->name);
	req.ifr_mtu = mtu;
	if (ioctl(card->fd, SIOCSIFMTU, &req))
		die("mtu");
	if (ioctl(card->fd, SIOCGIFFLAGS, &req))
		die(card->name);
	req.ifr_flags |= IFF_UP;
	if (ioctl(card->fd, SIOCSIFFLAGS, &req))
		die(card->name);
	at.sll_ifindex = if_nametoindex(card->name);
	if (bind(card->fd, (struct sockaddr *)&at, sizeof(at)))
		die("bind");
}

static void send_one(struct card *card)
{
	struct frame f = { .from = "\x02taiji", .type = htons(TYPE) };
	unsigned int i;

	memset(f.to, 0xff, sizeof(f.to));
	f.number = card->sent;
	for (i = 0; i < words; i++)
		f.word[i] = word_of(f.number, i);
	if (send(card->fd, &f, frame_size(), MSG_DONTWAIT) == (ssize_t)frame_size())
		card->sent++;
}

static bool receive_one(struct card *card)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	struct frame f;
	unsigned int i;
	ssize_t n;

	n = recvfrom(card->fd, &f, sizeof(f), MSG_DONTWAIT, (struct sockaddr *)&from, &len);
	if (n < 0)
		return false;
	/* What this card sends is shown to it as well. */
	if (from.sll_pkttype == PACKET_OUTGOING)
		return true;
	card->received++;
	for (i = 0; i < words; i++) {
		if (n != (ssize_t)frame_size() || f.word[i] != word_of(f.number, i)) {
			card->wrong++;
			break;
		}
	}
	return true;
}

/* Half of what the other has sent: a card that is full drops some. */
static bool enough(const struct card *card, const struct card *other)
{
	return card->received && card->received >= other->sent / 2;
}

/* What is on its way: a busy machine is slow to deliver it. */
static void take_rest(struct card *cards)
{
	time_t end = time(NULL) + 10;
	int i;

	while (time(NULL) < end &&
	       !(enough(&cards[0], &cards[1]) && enough(&cards[1], &cards[0]))) {
		usleep(1000);
		for (i = 0; i < 2; i++)
			while (receive_one(&cards[i]))
				;
	}
}

int main(int argc, char **argv)
{
	struct card cards[2] = { { .name = "eth0" }, { .name = "eth1" } };
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	int mtu = argc > 2 ? atoi(argv[2]) : 1500, i;
	unsigned long least = argc > 3 ? strtoul(argv[3], NULL, 0) / mtu : 0;

	words = (mtu - 60) / sizeof(uint64_t);
	if (mtu < 100 || words > WORDS)
		die("mtu");
	for (i = 0; i < 2; i++)
		up(&cards[i], mtu);
	while (time(NULL) < end || cards[0].received < least || cards[1].received < least) {
		for (i = 0; i < 2; i++)
			send_one(&cards[i]);
		usleep(200);
		for (i = 0; i < 2; i++)
			while (receive_one(&cards[i]))
				;
	}
	take_rest(cards);
	for (i = 0; i < 2; i++)
		printf("%s: %lu sent, %lu received, %lu wrong, of %zu bytes each\n",
		       cards[i].name, cards[i].sent, cards[i].received, cards[i].wrong,
		       frame_size());
	return cards[0].wrong || cards[1].wrong || !enough(&cards[0], &cards[1]) ||
	       !enough(&cards[1], &cards[0]);
}
