// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for QEMU's edu device that copies memory with it: of the calling process,
 * pinned for the time of the copy and mapped as a scatterlist; of a dma-buf, as an
 * importer; and through a coherent page.
 */

#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#include "edu_dma.h"

#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_RUN		1
#define EDU_TO_MEMORY	2
#define EDU_BUFFER	0x40000

#define MAX_PAGES	512

static unsigned int bits;
module_param(bits, uint, 0);
MODULE_PARM_DESC(bits, "of an address, that the device has; 0 for those of scripts/vm --edu");

static struct {
	struct pci_dev *pci;
	void __iomem *bar;
	void *page;		/* coherent */
	dma_addr_t page_at;
	struct mutex lock;	/* one copy at a time */
} edu = { .lock = __MUTEX_INITIALIZER(edu.lock) };

/* What a copy reads or writes. */
struct place {
	enum dma_data_direction dir;
	struct sg_table *table;
	u64 offset;
	/* Of a process. */
	struct page **pages;
	long nr;
	struct sg_table own;
	/* Of a dma-buf. */
	struct dma_buf *buf;
	struct dma_buf_attachment *attachment;
};

static int edu_run(u64 src, u64 dst, u64 flags)
{
	int patience = 5000;

	writeq(src, edu.bar + EDU_SRC);
	writeq(dst, edu.bar + EDU_DST);
	writeq(PAGE_SIZE, edu.bar + EDU_COUNT);
	writeq(EDU_RUN | flags, edu.bar + EDU_CMD);
	/* So long it always takes. */
	msleep(100);
	while (readq(edu.bar + EDU_CMD) & EDU_RUN) {
		if (!patience--)
			return -ETIMEDOUT;
		usleep_range(1000, 2000);
	}
	return 0;
}

static int open_pages(struct place *p, u64 addr, u64 len)
{
	unsigned int flags = p->dir == DMA_FROM_DEVICE ? FOLL_WRITE : 0;
	int err;

	p->pages = kvcalloc(len >> PAGE_SHIFT, sizeof(*p->pages), GFP_KERNEL);
	if (!p->pages)
		return -ENOMEM;
	p->nr = pin_user_pages_fast(addr, len >> PAGE_SHIFT, flags, p->pages);
	if (p->nr != len >> PAGE_SHIFT)
		return -EFAULT;
	err = sg_alloc_table_from_pages_segment(&p->own, p->pages, p->nr, 0, len,
						dma_max_mapping_size(&edu.pci->dev), GFP_KERNEL);
	if (err)
		return err;
	err = dma_map_sgtable(&edu.pci->dev, &p->own, p->dir, 0);
	if (!err)
		p->table = &p->own;
	return err;
}

static int open_buf(struct place *p, int fd, u64 offset)
{
	struct sg_table *table;

	p->offset = offset;
	p->buf = dma_buf_get(fd);
	if (IS_ERR(p->buf))
		return PTR_ERR(p->buf);
	p->attachment = dma_buf_attach(p->buf, &edu.pci->dev);
	if (IS_ERR(p->attachment))
		return PTR_ERR(p->attachment);
	table = dma_buf_map_attachment_unlocked(p->attachment, p->dir);
	if (IS_ERR(table))
		return PTR_ERR(table);
	p->table = table;
	return 0;
}

static void close_pages(struct place *p)
{
	if (p->table)
		dma_unmap_sgtable(&edu.pci->dev, p->table, p->dir, 0);
	sg_free_table(&p->own);
	if (p->nr > 0)
		unpin_user_pages_dirty_lock(p->pages, p->nr, p->dir == DMA_FROM_DEVICE);
	kvfree(p->pages);
}

static void close_buf(struct place *p)
{
	if (p->table)
		dma_buf_unmap_attachment_unlocked(p->attachment, p->table, p->dir);
	if (!IS_ERR_OR_NULL(p->attachment))
		dma_buf_detach(p->buf, p->attachment);
	if (!IS_ERR(p->buf))
		dma_buf_put(p->buf);
}

static int place_open(struct place *p, int fd, u64 at, u64 len)
{
	return fd < 0 ? open_pages(p, at, len) : open_buf(p, fd, at);
}

static void place_close(struct place *p)
{
	if (p->buf)
		close_buf(p);
	else
		close_pages(p);
}

/* What the device is told of a page that is so far in; 0 beyond the end. */
static dma_addr_t place_at(const struct place *p, u64 offset)
{
	struct scatterlist *sg;
	int i;

	offset += p->offset;
	for_each_sgtable_dma_sg(p->table, sg, i) {
		if (offset + PAGE_SIZE <= sg_dma_len(sg))
			return sg_dma_address(sg) + offset;
		offset -= min_t(u64, offset, sg_dma_len(sg));
	}
	return 0;
}

static int copy_one(const struct place *src, const struct place *dst, u64 at, bool coherent)
{
	dma_addr_t from = place_at(src, at), to = place_at(dst, at);
	int err;

	if (!from || !to)
		return -EINVAL;
	err = edu_run(from, EDU_BUFFER, 0);
	if (coherent) {
		memset(edu.page, 0, PAGE_SIZE);
		err = err ?: edu_run(EDU_BUFFER, edu.page_at, EDU_TO_MEMORY) ?:
		      edu_run(edu.page_at, EDU_BUFFER, 0);
	}
	return err ?: edu_run(EDU_BUFFER, to, EDU_TO_MEMORY);
}

static int copy(const struct edu_dma_copy *c)
{
	struct place src = { .dir = DMA_TO_DEVICE }, dst = { .dir = DMA_FROM_DEVICE };
	int err;
	u64 at;

	err = place_open(&src, c->src_fd, c->src, c->len) ?:
	      place_open(&dst, c->dst_fd, c->dst, c->len);
	for (at = 0; !err && at < c->len; at += PAGE_SIZE)
		err = copy_one(&src, &dst, at, c->coherent);
	place_close(&dst);
	place_close(&src);
	return err;
}

static long edu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct edu_dma_copy c;

	if (cmd != EDU_DMA_COPY)
		return -ENOTTY;
	if (copy_from_user(&c, (void __user *)arg, sizeof(c)))
		return -EFAULT;
	if (!c.len || c.len > MAX_PAGES * PAGE_SIZE || !PAGE_ALIGNED(c.src | c.dst | c.len))
		return -EINVAL;

	guard(mutex)(&edu.lock);
	return copy(&c);
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = edu_ioctl,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "edu_dma",
	.fops = &fops,
};

static int edu_probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	/* What it reaches: scripts/vm lets it reach all memory where there is no IOMMU. */
	u64 mask = DMA_BIT_MASK(bits ?: device_iommu_mapped(&pci->dev) ? 28 : 40);
	int err;

	err = pcim_enable_device(pci) ?: pcim_iomap_regions(pci, BIT(0), "edu_dma") ?:
	      dma_set_mask_and_coherent(&pci->dev, mask);
	if (err)
		return err;
	pci_set_master(pci);
	edu.pci = pci;
	edu.bar = pcim_iomap_table(pci)[0];
	edu.page = dmam_alloc_coherent(&pci->dev, PAGE_SIZE, &edu.page_at, GFP_KERNEL);
	if (!edu.page)
		return -ENOMEM;
	return misc_register(&misc);
}

static void edu_remove(struct pci_dev *pci)
{
	misc_deregister(&misc);
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver edu_driver = {
	.name = "edu_dma",
	.id_table = ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("copies memory with an edu device");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
