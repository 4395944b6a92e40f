/* SPDX-License-Identifier: MIT */
/*
 * device.c - why a device that somebody has open cannot be moved
 *
 * What is behind a device file is hardware, or state of the kernel's that only
 * the driver knows.  Numbers are those of Documentation/admin-guide/devices.txt.
 */
#include "image/capture.h"

#include <stdio.h>
#include <sys/sysmacros.h>

#define ANY (~0u)

static const struct {
	unsigned major, minor;
	const char *what, *why;
} devices[] = {
	{ 1, 1, "the machine's memory", "it is this machine's" },
	{ 1, 4, "the machine's ports", "they are this machine's" },
	{ 1, 11, "the kernel's log", "it is this kernel's" },
	{ 5, 2, "the master of a pseudo-terminal", "its other end would be lost" },
	{ 7, ANY, "the memory of a console", "it is this machine's" },
	{ 10, 121, "the sockets of a virtual machine", "they are its host's" },
	{ 10, 126, "the maker of userfaultfds", "what was made with it is not "
		"known" },
	{ 10, 130, "a watchdog", "it would restart the machine" },
	{ 10, 183, "the hardware's random numbers", "they are this machine's" },
	{ 10, 196, "a device given to a program (VFIO)",
		"it is in this machine" },
	{ 10, 200, "a network interface of its own (TUN, TAP)",
		"the interface would be lost" },
	{ 10, 203, "a character device of its own (CUSE)",
		"its users would be lost" },
	{ 10, 223, "an input device of its own (uinput)",
		"its users would be lost" },
	{ 10, 228, "a timer of the hardware's (HPET)", "it is this machine's" },
	{ 10, 229, "a file system of its own (FUSE)",
		"its users would be lost" },
	{ 10, 232, "the maker of virtual machines (KVM)",
		"what they hold is in the kernel" },
	{ 10, 237, "the control of loop devices", "they are this machine's" },
	{ 10, 238, "a network accelerator (vhost)",
		"what it holds is in the kernel" },
	{ 10, ANY, "a device", "only its driver knows what it holds" },
	{ 13, ANY, "an input device", "it is at this machine" },
	{ 14, ANY, "a sound device", "it is in this machine" },
	{ 29, ANY, "a frame buffer", "it is in this machine" },
	{ 81, ANY, "a camera", "it is at this machine" },
	{ 89, ANY, "an I2C bus", "it is in this machine" },
	{ 116, ANY, "a sound device", "it is in this machine" },
	{ 153, ANY, "an SPI bus", "it is in this machine" },
	{ 189, ANY, "a USB device", "it is at this machine" },
	{ 195, ANY, "a graphics processor", "it is in this machine" },
	{ 202, ANY, "a processor's own registers", "they are this machine's" },
	{ 203, ANY, "a processor's identity", "it is this machine's" },
	{ 226, ANY, "a graphics processor", "it is in this machine" },
};

void device_obstacle(struct capture *c, const struct source *s,
		     const struct source_fd *fd)
{
	const char *what = "a device", *why =
		"only its driver knows what it holds";

	if (S_ISBLK(fd->st.st_mode)) {
		what = "a block device";
		why = "a disk stays where it is";
	}
	for (size_t i = sizeof(devices) / sizeof(*devices);
	     i-- && S_ISCHR(fd->st.st_mode);)
		if (devices[i].major == major(fd->st.st_rdev) &&
		    (devices[i].minor == ANY ||
		     devices[i].minor == minor(fd->st.st_rdev))) {
			what = devices[i].what;
			why = devices[i].why;
			if (devices[i].minor != ANY)
				break;
		}
	obstacle_add(c, s, "close it, or leave it behind (--drop)",
		     "has %s open (%s, descriptor %d), which cannot be moved: "
		     "%s", what, fd->link, fd->fd, why);
}
