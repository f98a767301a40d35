// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/taiji.
 */

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include <uapi/linux/taiji.h>

#include "taiji.h"

/*
 * Where the caller's page is, or 0 when there is none, and how far memory is
 * contiguous from there.
 */
static u64 ipa_of(unsigned long addr, u64 *contiguous)
{
	unsigned long behind;
	struct folio *folio;
	struct page *page;
	u64 ipa;

	*contiguous = PAGE_SIZE - offset_in_page(addr);
	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return 0;

	ipa = page_to_phys(page);
	folio = page_folio(page);
	behind = folio_nr_pages(folio) - folio_page_idx(folio, page) - 1;
	*contiguous += behind << PAGE_SHIFT;
	put_page(page);
	return ipa;
}

static int swap_range(struct taiji_ioc_range *range, enum taiji_call func)
{
	u64 at, step, ipa, last = 0;
	int err;

	for (at = range->addr; at < range->addr + range->len; at += step) {
		if (fatal_signal_pending(current))
			return -EINTR;

		ipa = ALIGN_DOWN(ipa_of(at, &step), TAIJI_SECTION_SIZE);
		step = min_t(u64, step, TAIJI_SECTION_SIZE);
		if (!ipa || ipa == last)
			continue;
		last = ipa;

		guard(rwsem_read)(&taiji_gate);
		if (!taiji.on)
			return -ENODEV;
		if (!test_bit(taiji_index(ipa), taiji.swappable))
			continue;
		do {
			err = taiji_swap(func, ipa);
			/* The reclaimer has it: for one micro-page's time. */
		} while (err == -EBUSY && !fatal_signal_pending(current));
		if (!err)
			range->done++;
	}
	return 0;
}

static int get_range(struct taiji_ioc_range *range, void __user *user)
{
	u64 end;

	if (copy_from_user(range, user, sizeof(*range)))
		return -EFAULT;
	if (range->size != sizeof(*range) || range->flags || range->done ||
	    check_add_overflow(range->addr, range->len, &end) || end > TASK_SIZE)
		return -EINVAL;
	return 0;
}

static int do_range(struct file *file, unsigned int cmd, struct taiji_ioc_range *range)
{
	switch (cmd) {
	case TAIJI_IOC_OUT:
		return swap_range(range, TAIJI_CALL_OUT);
	case TAIJI_IOC_IN:
		return swap_range(range, TAIJI_CALL_IN);
	case TAIJI_IOC_RELEASE:
		return taiji_longterm_release(range);
	default:
		return taiji_longterm_pin(range, (struct taiji_pinned **)&file->private_data);
	}
}

static long taiji_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct taiji_ioc_range __user *user = (void __user *)arg;
	struct taiji_ioc_range range;
	int err;

	if (cmd < TAIJI_IOC_OUT || cmd > TAIJI_IOC_PIN)
		return -ENOTTY;

	err = get_range(&range, user);
	if (err)
		return err;

	err = do_range(file, cmd, &range);
	if (put_user(range.done, &user->done))
		return -EFAULT;
	return err;
}

static int taiji_open(struct inode *inode, struct file *file)
{
	/* The misc device's, which nobody needs: now what is pinned. */
	file->private_data = NULL;
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static int taiji_close(struct inode *inode, struct file *file)
{
	taiji_longterm_unpin(file->private_data);
	return 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = taiji_open,
	.release = taiji_close,
	.unlocked_ioctl = taiji_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "taiji",
	.fops = &fops,
	.mode = 0600,
};

int taiji_device_init(void)
{
	return misc_register(&misc);
}

void taiji_device_exit(void)
{
	misc_deregister(&misc);
}

struct device *taiji_device(void)
{
	return misc.this_device;
}
