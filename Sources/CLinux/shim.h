/* What the kernel offers and glibc's module doesn't show, or only variadically. */
#pragma once

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* pidfd_open(2), Linux 5.3 */
static inline int linux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/* process_madvise(2), Linux 5.10 */
static inline ssize_t linux_process_madvise(int pidfd, const struct iovec *ranges, size_t count, int advice) {
    return syscall(SYS_process_madvise, pidfd, ranges, count, advice, 0);
}

/* setns(2) */
static inline int linux_setns(int descriptor, int type) { return (int)syscall(SYS_setns, descriptor, type); }
