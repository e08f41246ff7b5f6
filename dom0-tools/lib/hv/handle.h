/* SPDX-License-Identifier: MIT */
/*
 * The way to the hypervisor: libxencall's and libxenforeignmemory's handles, and memory that a
 * hypercall may read and write. One per thread: a call uses the handle's own buffers.
 */
#ifndef DAIS_HV_HANDLE_H
#define DAIS_HV_HANDLE_H

#include <stddef.h>
#include <stdint.h>

#include <xencall.h>
#include <xenforeignmemory.h>

#include "error.h"

struct xentoollog_logger;

/*
 * Arrays handed to one hypercall have at most so many bytes; longer work goes in batches. For
 * those of up to HV_FEW_SIZE, all of a small domain's, the place is there with the argument's.
 */
#define HV_BULK_PAGES 8
#define HV_BULK_SIZE (HV_BULK_PAGES * 4096ul)
#define HV_FEW_PAGES 2
#define HV_FEW_SIZE (HV_FEW_PAGES * 4096ul)

struct hv {
	struct xentoollog_logger *log;
	xencall_handle *call;
	xenforeignmemory_handle *memory;
	void *op; /* one page: the argument structure; then HV_FEW_SIZE for arrays */
	void *bulk; /* HV_BULK_SIZE: arrays; not there before one needs so much */
	uint64_t calls; /* hypercalls made, for --timeline and the benchmarks */
};

/* Opens all of it. -1 with @err when this is no control domain or rights are missing. */
int hv_open(struct hv *hv, struct dais_error *err);
void hv_close(struct hv *hv);

/* A buffer for arrays of @size bytes, at most HV_BULK_SIZE. NULL with errno without memory. */
void *hv_bulk(struct hv *hv, size_t size);

#endif
