/* Loaded into a program with LD_PRELOAD, this keeps it from beginning: once its libraries are in memory it waits for
 * requests, and each is done by a copy of it that goes on into main. So a case costs milliseconds where loading the
 * libraries costs a fifth of a second. Nor does the copy tidy up its memory when it ends: libtorch's takes a tenth. */
#define _GNU_SOURCE
#include "fault.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*main_function)(int, char **, char **);
typedef void (*exit_function)(int);
typedef int (*start_function)(main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

extern char **environ;

static main_function real_main;
static int is_copy;

static int main_without_end(int argc, char **argv, char **envp)
{
    int code = real_main(argc, argv, envp);
    fflush(NULL);
    _exit(code);
}

void exit(int code)
{
    if (is_copy) {
        fflush(NULL);
        _exit(code);
    }
    ((exit_function)dlsym(RTLD_NEXT, "exit"))(code);
    __builtin_unreachable();
}

int __libc_start_main(main_function program, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*loader_fini)(void), void *stack_end)
{
    start_function start = (start_function)dlsym(RTLD_NEXT, "__libc_start_main");
    const char *where = getenv("TORTURE_REQUESTS");
    if (where == NULL)
        return start(program, argc, argv, init, fini, loader_fini, stack_end);
    int requests = atoi(where);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        size_t length;
        struct request request;
        char *bytes = request_receive(requests, &length);
        if (bytes == NULL)
            _exit(0);
        if (request_read(bytes, length, &request) != 0)
            _exit(125);
        if (fork() == 0) {
            close(requests);
            environ = request.envp;
            request_enter(&request);
            real_main = program;
            is_copy = 1;
            return start(main_without_end, request.argc, request.argv, init, fini, loader_fini, stack_end);
        }
        free(request.argv);
        free(bytes);
    }
}
