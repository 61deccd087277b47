/* A small HTTP server for the examples and tests: answers any request with who it is and what it saw.
 *
 * GET /exit?CODE ends it with that code, GET /fail answers 500, GET /count how many requests came before. The port is
 * $PORT (8080), $TEXT goes into every answer. One process, one poll loop, at most 500 connections; TERM ends it with 0. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { connections_max = 500, request_bytes_max = 4096 };

struct connection {
    char bytes[request_bytes_max + 1];
    size_t used;
};

static struct pollfd polled[connections_max + 1];
static struct connection* connections[connections_max + 1];
static int open_count = 1; /* slot 0 listens */
static unsigned long answered;

static void end(int signal_number) {
    (void)signal_number;
    _exit(0);
}

static void address_text(struct sockaddr_in6* address, char* text) {
    const char* plain = inet_ntop(AF_INET6, &address->sin6_addr, text, INET6_ADDRSTRLEN);
    if (plain && strncmp(plain, "::ffff:", 7) == 0) memmove(text, text + 7, strlen(text + 7) + 1);
}

static int answer(int fd, const char* request) {
    char host[256] = "", local[INET6_ADDRSTRLEN] = "", peer[INET6_ADDRSTRLEN] = "", body[1024], reply[2048];
    struct sockaddr_in6 address;
    socklen_t size = sizeof address;
    gethostname(host, sizeof host - 1);
    if (getsockname(fd, (struct sockaddr*)&address, &size) == 0) address_text(&address, local);
    size = sizeof address;
    if (getpeername(fd, (struct sockaddr*)&address, &size) == 0) address_text(&address, peer);
    if (strncmp(request, "GET /exit?", 10) == 0) exit(atoi(request + 10));
    int failed = strncmp(request, "GET /fail", 9) == 0;
    int line = (int)strcspn(request, "\r\n");
    const char* text = getenv("TEXT");
    int body_length = strncmp(request, "GET /count", 10) == 0
                          ? snprintf(body, sizeof body, "%lu\n", answered)
                          : snprintf(body, sizeof body, "host %s\nlocal %s\npeer %s\nrequest %.*s\ntext %s\n", host, local,
                                     peer, line > 300 ? 300 : line, request, text ? text : "");
    if (body_length >= (int)sizeof body) body_length = sizeof body - 1;
    int length = snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%.*s",
                          failed ? "500 Internal Server Error" : "200 OK", body_length, body_length, body);
    answered++;
    printf("%.*s from %s\n", line, request, peer);
    return write(fd, reply, (size_t)length) == length;
}

static void drop(int slot) {
    close(polled[slot].fd);
    free(connections[slot]);
    open_count--;
    polled[slot] = polled[open_count];
    connections[slot] = connections[open_count];
}

static void greet(void) {
    int fd = accept4(polled[0].fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    struct connection* fresh = open_count > connections_max ? NULL : calloc(1, sizeof *fresh);
    if (!fresh) {
        close(fd);
        return;
    }
    connections[open_count] = fresh;
    polled[open_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Returns 0 when the connection is over. */
static int serve(int slot) {
    struct connection* c = connections[slot];
    ssize_t got = read(polled[slot].fd, c->bytes + c->used, request_bytes_max - c->used);
    if (got <= 0) return 0;
    c->used += (size_t)got;
    c->bytes[c->used] = 0;
    for (char* finish; (finish = strstr(c->bytes, "\r\n\r\n")) != NULL;) {
        char* head_end = finish + 4;
        *finish = 0;
        int close_after = strcasestr(c->bytes, "\r\nConnection: close") != NULL;
        if (!answer(polled[slot].fd, c->bytes) || close_after) return 0;
        c->used -= (size_t)(head_end - c->bytes);
        memmove(c->bytes, head_end, c->used + 1);
    }
    return c->used < request_bytes_max;
}

int main(void) {
    int yes = 1, no = 0, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char* port = getenv("PORT");
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port ? port : "8080"))};
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(fd, (struct sockaddr*)&address, sizeof address) != 0 || listen(fd, 128) != 0) {
        perror("echo: listen");
        return 1;
    }
    printf("echo: listening on port %d\n", ntohs(address.sin6_port));
    polled[0] = (struct pollfd){.fd = fd, .events = POLLIN};
    for (;;) {
        if (poll(polled, (nfds_t)open_count, -1) < 0 && errno != EINTR) return 1;
        for (int slot = open_count - 1; slot > 0; slot--)
            if (polled[slot].revents && !serve(slot)) drop(slot);
        if (polled[0].revents) greet();
    }
}
