/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints, in /sys/kernel/tracing/events/vmem. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmem

#if !defined(VMEM_BASE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMEM_BASE_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>

TRACE_EVENT(vmem_alloc,
	    TP_PROTO(u64 bytes, u32 extents, bool dirty, int ret),
	    TP_ARGS(bytes, extents, dirty, ret),
	    TP_STRUCT__entry(__field(u64, bytes)
			     __field(u32, extents)
			     __field(bool, dirty)
			     __field(int, ret)),
	    TP_fast_assign(__entry->bytes = bytes;
			   __entry->extents = extents;
			   __entry->dirty = dirty;
			   __entry->ret = ret;),
	    TP_printk("bytes=%llu extents=%u dirty=%d ret=%d",
		      __entry->bytes, __entry->extents, __entry->dirty, __entry->ret)
);

TRACE_EVENT(vmem_free,
	    TP_PROTO(u64 bytes, u32 extents),
	    TP_ARGS(bytes, extents),
	    TP_STRUCT__entry(__field(u64, bytes)
			     __field(u32, extents)),
	    TP_fast_assign(__entry->bytes = bytes;
			   __entry->extents = extents;),
	    TP_printk("bytes=%llu extents=%u",
		      __entry->bytes, __entry->extents)
);

TRACE_EVENT(vmem_zero,
	    TP_PROTO(int nid, u64 phys, u64 ns),
	    TP_ARGS(nid, phys, ns),
	    TP_STRUCT__entry(__field(int, nid)
			     __field(u64, phys)
			     __field(u64, ns)),
	    TP_fast_assign(__entry->nid = nid;
			   __entry->phys = phys;
			   __entry->ns = ns;),
	    TP_printk("nid=%d phys=%#llx ns=%llu",
		      __entry->nid, __entry->phys, __entry->ns)
);

TRACE_EVENT(vmem_poison,
	    TP_PROTO(u64 phys, u8 state),
	    TP_ARGS(phys, state),
	    TP_STRUCT__entry(__field(u64, phys)
			     __field(u8, state)),
	    TP_fast_assign(__entry->phys = phys;
			   __entry->state = state;),
	    TP_printk("phys=%#llx state=%#x",
		      __entry->phys, __entry->state)
);

/* How long allocations had to wait for it. */
TRACE_EVENT(vmem_engine,
	    TP_PROTO(const char *from, const char *to, u64 ns, int ret),
	    TP_ARGS(from, to, ns, ret),
	    TP_STRUCT__entry(__string(from, from)
			     __string(to, to)
			     __field(u64, ns)
			     __field(int, ret)),
	    TP_fast_assign(__assign_str(from);
			   __assign_str(to);
			   __entry->ns = ns;
			   __entry->ret = ret;),
	    TP_printk("from=%s to=%s ns=%llu ret=%d",
		      __get_str(from), __get_str(to), __entry->ns,
		      __entry->ret)
);

#endif /* VMEM_BASE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
