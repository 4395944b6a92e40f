/* SPDX-License-Identifier: MIT */
/* wakeup.h - processors that wake up fast while we take turns with a task */
#ifndef BASE_WAKEUP_H
#define BASE_WAKEUP_H

/*
 * Asks for no idle latency for as long as this program lives, where it may
 * (/dev/cpu_dma_latency, Documentation/power/pm_qos_interface.rst).  Each turn
 * of a tracer with its tracee may wake another processor; on a virtual machine
 * that costs some 30 us, and 5 with this.
 */
void wakeup_fast(void);

#endif
