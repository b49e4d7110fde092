/* What the kernel offers and glibc's module doesn't show, or only variadically. */
#pragma once

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* pidfd_open(2), Linux 5.3 */
static inline int linux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/* close_range(2), Linux 5.9, CLOSE_RANGE_CLOEXEC 5.11: what a program started from here doesn't get */
static inline int linux_keep_from_children(int first) {
    return (int)syscall(SYS_close_range, (unsigned)first, ~0U, 4U);
}

/* process_madvise(2), Linux 5.10 */
static inline ssize_t linux_process_madvise(int pidfd, const struct iovec *ranges, size_t count, int advice) {
    return syscall(SYS_process_madvise, pidfd, ranges, count, advice, 0);
}

/* epoll(7), whose packed structures don't come through. */
static inline int linux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int linux_epoll_add(int epoll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline int linux_epoll_remove(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, 0);
}

/* Waits for one descriptor; -1 if interrupted. `broken`: it has an error, or its peer has gone. */
static inline int linux_epoll_wait(int epoll, int *broken) {
    struct epoll_event event;
    if (epoll_wait(epoll, &event, 1, -1) != 1) return -1;
    *broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    return event.data.fd;
}

/* mallopt(3): one arena, and what is freed at its end goes back to the kernel; false if refused. */
static inline int linux_keep_heap_small(void) {
#ifdef M_ARENA_MAX
    return mallopt(M_ARENA_MAX, 1) && mallopt(M_TRIM_THRESHOLD, 64 << 10) && mallopt(M_MMAP_THRESHOLD, 128 << 10);
#else
    return 1;
#endif
}

/* setns(2) */
static inline int linux_setns(int descriptor, int type) { return (int)syscall(SYS_setns, descriptor, type); }
