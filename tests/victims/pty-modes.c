/* SPDX-License-Identifier: MIT */
/* pty-modes - modes, size, owner and number of pseudo-terminals */
#include <sys/stat.h>

#include "ptys.h"

#define COUNT 5

void victim(void)
{
	int masters[COUNT], slaves[COUNT];
	char names[COUNT][64], name[64];
	struct termios was[COUNT], t;
	struct winsize size;
	struct stat st;

	for (int i = 0; i < COUNT; i++) {
		masters[i] = open_master(names[i]);
		slaves[i] = must(open(names[i], O_RDWR | O_NOCTTY));
		must(tcgetattr(slaves[i], &was[i]));
		was[i].c_cc[VINTR] = 'a' + i;
		was[i].c_lflag ^= i & 1 ? ICANON : ECHO;
		was[i].c_iflag |= i & 2 ? IXANY : IGNBRK;
		was[i].c_oflag &= ~ONLCR;
		cfsetspeed(&was[i], i ? B9600 : B115200);
		must(tcsetattr(slaves[i], TCSANOW, &was[i]));
		must(fchmod(slaves[i], 0600 + i));
		must(ioctl(slaves[i], TIOCSWINSZ,
			   &(struct winsize){ 20 + i, 90 + i, 7, i }));
	}
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		must(tcgetattr(slaves[i], &t));
		same_modes(&t, &was[i]);
		must(ioctl(slaves[i], TIOCGWINSZ, &size));
		same(size.ws_row, 20 + i);
		same(size.ws_col, 90 + i);
		same(size.ws_xpixel, 7);
		same(size.ws_ypixel, i);
		must(fstat(slaves[i], &st));
		same(st.st_mode & 07777, 0600 + i);
		/* The name of the slave is what the master says. */
		zero(ptsname_r(masters[i], name, sizeof(name)));
		same_text(ttyname(slaves[i]), name);
	}
}
