// A service for tests: holds memory, answers HTTP, burns CPU.
//
//   service MIB PORT [DELAY_MS]
//
//   GET /            hello
//   GET /touch/N     reads and writes a word in every page of the first N MiB
//   GET /check       checks every word of its memory: ok, or bad
//   GET /burn/N      answers, then computes for N ms
//   GET /path/…      what it was asked for
//   GET /wait/N      answers after N ms, and does nothing until then
//   GET /status/N    answers with the status N
//   POST /size       reads a body and answers with its length and the sum of its bytes
//   GET /sink        answers, and nothing that comes afterwards
//   GET /upgrade     101, for the key of RFC 6455's example, and sends back what comes
//   GET /drip/N      sends a KiB every 100 ms, for N ms
//   GET /bulk/N      sends N MiB as fast as it can
//   GET /count       how often it was asked
//
// It begins to listen, on IPv4 and IPv6, DELAY_MS after its start. Half of its memory is random, as real memory is.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t *words;
static size_t count;
static unsigned asked;

static uint64_t word(size_t index) {
    if ((index / 256) % 2) return index;
    uint64_t x = index * 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void answer(int peer, const char *body) {
    char text[256];
    int length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    if (write(peer, text, length) < 0) return;
}

static void touch(size_t mib) {
    size_t end = mib << 17;
    for (size_t i = 0; i < end && i < count; i += 512) ((volatile uint64_t *)words)[i] = words[i];
}

static const char *check(void) {
    for (size_t i = 0; i < count; i++)
        if (words[i] != word(i)) return "bad";
    return "ok";
}

static void drip(int peer, long ms) {
    char kib[1024];
    memset(kib, 'x', sizeof kib);
    dprintf(peer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (long end = now_ms() + ms; now_ms() < end; usleep(100000))
        if (send(peer, kib, sizeof kib, MSG_NOSIGNAL) < 0) return;
}

static void size(int peer, char *request, size_t length) {
    char *end = strstr(request, "\r\n\r\n"), *field = strcasestr(request, "content-length:");
    if (!end || !field) return;
    size_t left = strtoul(field + 15, NULL, 10), total = left;
    uint64_t sum = 0;
    unsigned char block[65536];
    end += 4;
    for (size_t rest = request + length - end; rest > 0 && left > 0; rest--, left--) sum += (unsigned char)*end++;
    while (left > 0) {
        ssize_t got = read(peer, block, left < sizeof block ? left : sizeof block);
        if (got <= 0) return;
        for (ssize_t i = 0; i < got; i++) sum += block[i];
        left -= got;
    }
    char text[64];
    snprintf(text, sizeof text, "%zu %llu", total, (unsigned long long)sum);
    answer(peer, text);
}

static void echo(int peer) {
    char block[4096];
    dprintf(peer, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");  // of RFC 6455's example
    for (ssize_t length; (length = read(peer, block, sizeof block)) > 0;)
        if (send(peer, block, length, MSG_NOSIGNAL) < 0) return;
}

static void bulk(int peer, size_t mib) {
    static char block[1 << 20];
    dprintf(peer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", mib << 20);
    for (; mib > 0; mib--)
        for (size_t sent = 0; sent < sizeof block;) {
            ssize_t length = send(peer, block + sent, sizeof block - sent, MSG_NOSIGNAL);
            if (length <= 0) return;
            sent += length;
        }
}

static void *serve(void *argument) {
    int peer = (int)(intptr_t)argument;
    char request[2048];
    for (;;) {
        ssize_t length = read(peer, request, sizeof request - 1);
        if (length <= 0) break;
        request[length] = 0;
        __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
        size_t number = 0;
        char *digits = strpbrk(request, "0123456789");
        if (digits) number = strtoul(digits, NULL, 10);
        if (!strncmp(request, "GET /touch/", 11)) {
            touch(number);
            answer(peer, "touched");
        } else if (!strncmp(request, "GET /check", 10)) {
            answer(peer, check());
        } else if (!strncmp(request, "GET /burn/", 10)) {
            answer(peer, "burning");
            for (long end = now_ms() + (long)number; now_ms() < end;) {}
        } else if (!strncmp(request, "GET /drip/", 10)) {
            drip(peer, (long)number);
            break;
        } else if (!strncmp(request, "GET /path/", 10)) {
            char *end = strchr(request + 4, ' ');
            if (end) *end = 0;
            answer(peer, request + 4);
        } else if (!strncmp(request, "GET /wait/", 10)) {
            usleep(number * 1000);
            answer(peer, "waited");
        } else if (!strncmp(request, "GET /status/", 12)) {
            dprintf(peer, "HTTP/1.1 %zu Status\r\nContent-Length: 4\r\n\r\nmine", number);
        } else if (!strncmp(request, "POST /size", 10)) {
            size(peer, request, length);
        } else if (!strncmp(request, "GET /sink", 9)) {
            answer(peer, "hello");
            while (read(peer, request, sizeof request) > 0) {}
            break;
        } else if (!strncmp(request, "GET /upgrade", 12)) {
            echo(peer);
            break;
        } else if (!strncmp(request, "GET /bulk/", 10)) {
            bulk(peer, number);
        } else if (!strncmp(request, "GET /count", 10)) {
            char text[32];
            snprintf(text, sizeof text, "%u", asked);
            answer(peer, text);
        } else {
            answer(peer, "hello");
        }
    }
    close(peer);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 3) return 64;
    signal(SIGPIPE, SIG_IGN);
    size_t bytes = (size_t)atol(argv[1]) << 20;
    words = mmap(NULL, bytes ? bytes : 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (words == MAP_FAILED) return 1;
    count = bytes / sizeof *words;
    for (size_t i = 0; i < count; i++) words[i] = word(i);
    if (argc > 3) usleep(atol(argv[3]) * 1000);
    int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1, off = 0;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[2]))};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 512)) return 1;
    for (;;) {
        int peer = accept(listener, NULL, NULL);
        if (peer < 0) continue;
        setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)(intptr_t)peer);
        pthread_detach(thread);
    }
}
