/* What the tracer and the warm program say to each other.
 *
 * A request is a length (4 bytes, as the machine has them), then that many bytes: strings, each with its NUL. In their
 * order: mode, at, argument, seconds, root, log, cwd, stdout, stderr, the number of arguments, the arguments (the first
 * is the program), the environment. */
#ifndef FAULT_H
#define FAULT_H

#include <stddef.h>
#include <stdint.h>

struct request {
    const char *mode, *root, *log, *cwd, *out, *err;
    long at, argument, seconds;
    char **argv, **envp;
    int argc;
};

/* Splits the bytes of a request; gives 0, or -1 where they are none. What it gives points into `bytes`, but for argv and
 * envp, which are one piece of memory (argv, NULL, envp, NULL), as a program finds them at its start. */
int request_read(char *bytes, size_t length, struct request *into);

/* Reads a whole request from a file descriptor; NULL at its end. The caller frees it. */
char *request_receive(int fd, size_t *length);

/* In the new process: its folder, its streams, a session of its own, limits, and the filter that stops the calls which
 * change files. Ends the process where that fails. */
void request_enter(const struct request *request);

#endif
