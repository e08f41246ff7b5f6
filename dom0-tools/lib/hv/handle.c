// SPDX-License-Identifier: MIT
/*
 * Opening and closing the libraries' handles. The libraries print nothing: their logger passes
 * on what they would say at level "debug", because each caller words its own error.
 */
#include "hv/handle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xentoollog.h>

#include "cleanup.h"
#include "log.h"

#define OP_PAGES (1 + HV_FEW_PAGES)

static void log_message(xentoollog_logger *logger, xentoollog_level level, int errnum,
			const char *context, const char *format, va_list al)
{
	char line[512];

	(void)logger;
	(void)level;
	if (!dais_log_wants(DAIS_LOG_DEBUG))
		return;
	vsnprintf(line, sizeof(line), format, al);
	dais_log(DAIS_LOG_DEBUG, "%s: %s%s%s", context ? context : "xen", line,
		 errnum > 0 ? ": " : "", errnum > 0 ? strerror(errnum) : "");
}

static void log_progress(xentoollog_logger *logger, const char *context, const char *doing,
			 int percent, unsigned long done, unsigned long total)
{
	(void)logger;
	(void)context;
	(void)doing;
	(void)percent;
	(void)done;
	(void)total;
}

static void log_destroy(xentoollog_logger *logger)
{
	(void)logger;
}

static xentoollog_logger logger = {
	.vmessage = log_message,
	.progress = log_progress,
	.destroy = log_destroy,
};

static int open_failed(struct dais_error *err)
{
	int errnum = errno;

	dais_fail_errno(err, errnum == EACCES || errnum == EPERM ? DAIS_FAILED : DAIS_NO_HOST,
			errnum, "reach the hypervisor", "/dev/xen/privcmd");
	if (errnum == EACCES || errnum == EPERM)
		return dais_hint(err, "run it as root");
	if (access("/proc/xen", F_OK))
		return dais_hint(err, "boot this machine under Dais or Xen and run dais in dom0");
	return dais_hint(err, "only the control domain may do this; there, load the kernel "
			      "module: modprobe xen-privcmd");
}

int hv_open(struct hv *hv, struct dais_error *err)
{
	memset(hv, 0, sizeof(*hv));
	hv->log = &logger;
	hv->call = xencall_open(hv->log, XENCALL_OPENFLAG_NON_REENTRANT);
	if (!hv->call)
		return open_failed(err);
	hv->memory = xenforeignmemory_open(hv->log, 0);
	if (hv->memory)
		hv->op = xencall_alloc_buffer_pages(hv->call, OP_PAGES);
	if (!hv->op) {
		open_failed(err);
		hv_close(hv);
		return -1;
	}
	return 0;
}

void hv_close(struct hv *hv)
{
	if (hv->op)
		xencall_free_buffer_pages(hv->call, hv->op, OP_PAGES);
	if (hv->bulk)
		xencall_free_buffer_pages(hv->call, hv->bulk, HV_BULK_PAGES);
	if (hv->memory)
		xenforeignmemory_close(hv->memory);
	if (hv->call)
		xencall_close(hv->call);
	memset(hv, 0, sizeof(*hv));
}

void *hv_bulk(struct hv *hv, size_t size)
{
	if (size <= HV_FEW_SIZE)
		return (char *)hv->op + 4096;
	if (!hv->bulk)
		hv->bulk = xencall_alloc_buffer_pages(hv->call, HV_BULK_PAGES);
	return hv->bulk;
}
