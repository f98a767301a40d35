// SPDX-License-Identifier: GPL-2.0-only
/*
 * start_kernel [--crash] COMMANDLINE: load this kernel again, with that command
 * line, as the one to start when this one crashes; or start it now.
 */

#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int crash = argc > 1 && !strcmp(argv[1], "--crash");
	unsigned long flags = KEXEC_FILE_NO_INITRAMFS | (crash ? KEXEC_FILE_ON_CRASH : 0);
	const char *line = argv[argc - 1];
	int fd = open("/opt/t/image", O_RDONLY);

	if (argc != 2 + crash) {
		fprintf(stderr, "usage: start_kernel [--crash] COMMANDLINE\n");
		return 2;
	}
	if (fd < 0 || syscall(SYS_kexec_file_load, fd, -1, strlen(line) + 1, line, flags)) {
		perror("start_kernel");
		return 1;
	}
	close(fd);
	if (crash)
		return 0;
	sync();
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	perror("start_kernel: kexec");
	return 1;
}
