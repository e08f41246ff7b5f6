// SPDX-License-Identifier: MIT
/*
 * LOOP_CONFIGURE sets a device up in one step. Where the kernel is older than it (5.8), the
 * two steps before it.
 */
#include "dev/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cleanup.h"

#define TRIES 64 /* others take free devices at the same time */

static int configure(int loop, int file, const char *path, bool readonly)
{
	struct loop_config config = {.fd = (uint32_t)file};

	config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (readonly ? LO_FLAGS_READ_ONLY : 0u);
	/* Writes pass dom0's page cache by: it would hold the data a second time. */
	config.info.lo_flags |= LO_FLAGS_DIRECT_IO;
	snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "%s", path);
	if (!ioctl(loop, LOOP_CONFIGURE, &config))
		return 0;
	/* The file system may not be able to do direct I/O in such small blocks. */
	config.info.lo_flags &= ~(uint32_t)LO_FLAGS_DIRECT_IO;
	if (errno == EINVAL && !ioctl(loop, LOOP_CONFIGURE, &config))
		return 0;
	if (errno != EINVAL && errno != ENOTTY)
		return -1;
	if (ioctl(loop, LOOP_SET_FD, file))
		return -1;
	if (!ioctl(loop, LOOP_SET_STATUS64, &config.info))
		return 0;
	ioctl(loop, LOOP_CLR_FD, 0);
	return -1;
}

int loop_attach(const char *path, bool readonly, char name[32], struct dais_error *err)
{
	autoclose int file = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	autoclose int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (file < 0)
		return dais_fail_errno(err, DAIS_DEVICE, errno, "open the disk", path);
	if (control < 0) {
		dais_fail_errno(err, DAIS_DEVICE, errno, "open the disk", "/dev/loop-control");
		return dais_hint(err, "load the driver: modprobe loop");
	}
	for (int tries = 0; tries < TRIES; tries++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		autoclose int loop = -1;

		if (number < 0)
			break;
		snprintf(name, 32, "/dev/loop%d", number);
		loop = open(name, O_RDWR | O_CLOEXEC);
		if (loop < 0)
			break;
		if (!configure(loop, file, path, readonly))
			return steal_fd(&loop);
		if (errno != EBUSY)
			break;
	}
	return dais_fail_errno(err, DAIS_DEVICE, errno, "make a block device of", path);
}
