/* A mail server that takes everything and keeps nothing but a line per recipient: fast enough never to be what is measured.
 *
 * sink LOG: listens on a free port of 127.0.0.1, prints it, and appends "recipient size\n" to LOG before it answers 250.
 * One thread, epoll; PIPELINING, CHUNKING, SIZE, 8BITMIME, SMTPUTF8.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COMMANDS, CONTENT, CHUNK };
#define ROOM (256 * 1024)

struct peer {
    int fd, mode, is_last;
    size_t filled;           /* bytes in the buffer */
    size_t left;             /* bytes of a BDAT chunk still to come */
    size_t size;             /* bytes of the message so far */
    char tail[5];            /* the last bytes of content seen, to find the final dot across reads */
    char to[320];
    char buffer[ROOM];
    char answers[16384];
    size_t answered;
};

static int log_fd;

static void say(struct peer *p, const char *text) {
    size_t length = strlen(text);
    if (p->answered + length < sizeof p->answers) {
        memcpy(p->answers + p->answered, text, length);
        p->answered += length;
    }
}

static void taken(struct peer *p) {
    char line[400];
    int length = snprintf(line, sizeof line, "%s %zu\n", p->to, p->size);
    if (write(log_fd, line, (size_t)length) != length) exit(1);
    p->size = 0;
    p->to[0] = 0;
    say(p, "250 2.0.0 taken\r\n");
}

/* One command line, without its line end. Returns 0 to close. */
static int command(struct peer *p, char *line) {
    if (!strncasecmp(line, "MAIL", 4)) say(p, "250 2.1.0 ok\r\n");
    else if (!strncasecmp(line, "RCPT", 4)) {
        char *from = strchr(line, '<'), *until = from ? strchr(from, '>') : NULL;
        if (!from || !until || until - from > 310) { say(p, "501 5.1.3 no\r\n"); return 1; }
        *until = 0;
        strcpy(p->to, from + 1);
        say(p, "250 2.1.5 ok\r\n");
    } else if (!strcasecmp(line, "DATA")) {
        say(p, "354 go on\r\n");
        p->mode = CONTENT;
        memcpy(p->tail, "xxx\r\n", 5);
    } else if (!strncasecmp(line, "BDAT", 4)) {
        p->left = strtoul(line + 5, NULL, 10);
        p->is_last = strcasestr(line, "LAST") != NULL;
        p->mode = CHUNK;
        if (!p->left && p->is_last) { p->mode = COMMANDS; taken(p); }
    } else if (!strncasecmp(line, "EHLO", 4))
        say(p, "250-sink.test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 52428800\r\n250 ENHANCEDSTATUSCODES\r\n");
    else if (!strncasecmp(line, "QUIT", 4)) { say(p, "221 2.0.0 bye\r\n"); return 0; }
    else if (!strncasecmp(line, "RSET", 4) || !strncasecmp(line, "NOOP", 4) || !strncasecmp(line, "HELO", 4)) say(p, "250 2.0.0 ok\r\n");
    else say(p, "500 5.5.1 what\r\n");
    return 1;
}

/* How many bytes of content stand here, up to and with the final dot; sets *done when it was found. */
static size_t content(struct peer *p, const char *at, size_t length, int *done) {
    *done = 0;
    for (size_t i = 0; i < length && i < 5; i++) {     /* a dot line that began in an earlier read */
        memmove(p->tail, p->tail + 1, 4);
        p->tail[4] = at[i];
        if (!memcmp(p->tail, "\r\n.\r\n", 5)) { *done = 1; return i + 1; }
    }
    char *found = memmem(at, length, "\r\n.\r\n", 5);
    if (found) { *done = 1; return (size_t)(found - at) + 5; }
    if (length >= 5) memcpy(p->tail, at + length - 5, 5);
    return length;
}

/* Everything that can be done with what has come. Returns 0 to close. */
static int work(struct peer *p) {
    size_t at = 0;
    int stay = 1;
    while (at < p->filled && stay) {
        size_t rest = p->filled - at;
        if (p->mode == CONTENT) {
            int done;
            size_t used = content(p, p->buffer + at, rest, &done);
            p->size += used;
            at += used;
            if (done) { p->mode = COMMANDS; taken(p); }
        } else if (p->mode == CHUNK) {
            size_t used = rest < p->left ? rest : p->left;
            p->left -= used;
            p->size += used;
            at += used;
            if (!p->left) {
                p->mode = COMMANDS;
                if (p->is_last) taken(p); else say(p, "250 2.0.0 more\r\n");
            }
        } else {
            char *end = memchr(p->buffer + at, '\n', rest);
            if (!end) break;
            size_t next = (size_t)(end - p->buffer) + 1;
            *end = 0;
            if (end > p->buffer + at && end[-1] == '\r') end[-1] = 0;
            stay = command(p, p->buffer + at);
            at = next;
        }
    }
    memmove(p->buffer, p->buffer + at, p->filled - at);
    p->filled -= at;
    for (size_t sent = 0; sent < p->answered;) {
        ssize_t n = send(p->fd, p->answers + sent, p->answered - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) continue;
        if (n <= 0) return 0;
        sent += (size_t)n;
    }
    p->answered = 0;
    return stay && p->filled < ROOM;
}

int main(int argc, char **argv) {
    if (argc < 2 || (log_fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600)) < 0) return 2;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 256)) return 2;
    getsockname(listener, (struct sockaddr *)&here, &length);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[64];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            struct peer *p = ready[i].data.ptr;
            if (!p) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0) continue;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                p = calloc(1, sizeof *p);
                p->fd = fd;
                struct epoll_event added = {.events = EPOLLIN, .data.ptr = p};
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &added);
                say(p, "220 sink.test ESMTP\r\n");
                work(p);
                continue;
            }
            ssize_t n = recv(p->fd, p->buffer + p->filled, ROOM - p->filled, 0);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (n > 0) p->filled += (size_t)n;
            if (n <= 0 || !work(p)) { close(p->fd); free(p); }
        }
    }
}
