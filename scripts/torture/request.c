/* Requests, and how a process becomes what one asks for. Part of both the tracer and the library of the warm program. */
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "only x86-64 and aarch64"
#endif

/* No case needs more memory of its own. */
#define MEMORY (6ul << 30)

char *request_receive(int fd, size_t *length)
{
    uint32_t size = 0;
    for (size_t got = 0; got < sizeof size;) {
        ssize_t n = read(fd, (char *)&size + got, sizeof size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return NULL;
        got += (size_t)n;
    }
    char *bytes = malloc(size + 1);
    for (size_t got = 0; got < size;) {
        ssize_t n = read(fd, bytes + got, size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return free(bytes), NULL;
        got += (size_t)n;
    }
    bytes[size] = 0;
    *length = size;
    return bytes;
}

int request_read(char *bytes, size_t length, struct request *into)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += bytes[i] == 0;
    char **fields = calloc(count + 1, sizeof *fields);
    char *at = bytes;
    for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
        fields[i] = at;
    if (count < 11)
        return -1;
    into->mode = fields[0];
    into->at = atol(fields[1]);
    into->argument = atol(fields[2]);
    into->seconds = atol(fields[3]);
    into->root = fields[4];
    into->log = fields[5];
    into->cwd = fields[6];
    into->out = fields[7];
    into->err = fields[8];
    into->argc = atoi(fields[9]);
    size_t argc = (size_t)into->argc;
    if (into->argc < 1 || 10 + argc > count)
        return -1;
    char **block = calloc(count + 2, sizeof *block);
    memcpy(block, fields + 10, argc * sizeof *block);
    memcpy(block + argc + 1, fields + 10 + argc, (count - 10 - argc) * sizeof *block);
    into->argv = block;
    into->envp = block + argc + 1;
    free(fields);
    return 0;
}

static void fail(const char *what)
{
    dprintf(2, "torture: %s: %s\n", what, strerror(errno));
    _exit(126);
}

static void redirect(const char *path, int to, int flags)
{
    int fd = open(path, flags, 0644);
    if (fd < 0 || dup2(fd, to) < 0)
        fail(path);
    if (fd != to)
        close(fd);
}

/* Whatever is listed here stops for the tracer; all else runs at full speed. */
static void install_filter(void)
{
    struct sock_filter code[160];
    unsigned short n = 0;
#define ADD(...) code[n++] = (struct sock_filter)__VA_ARGS__
#define LOAD(field) ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field)))
#define TRACE() ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE))
#define ALLOW() ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW))
    LOAD(arch);
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    ALLOW();
    LOAD(nr);
#define ALWAYS(number)                                              \
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1)); \
    TRACE()
/* Only where one of these bits is set in the argument. */
#define WITH_FLAGS(number, argument)                                \
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4)); \
    LOAD(args[argument]);                                           \
    ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 1, 0)); \
    ALLOW();                                                        \
    TRACE()
/* But for the three streams. */
#define TO_FILE(number)                                             \
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4)); \
    LOAD(args[0]);                                                  \
    ADD(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 1, 0));    \
    ALLOW();                                                        \
    TRACE()
    TO_FILE(SYS_write);
    TO_FILE(SYS_writev);
    WITH_FLAGS(SYS_openat, 2);
#ifdef SYS_open
    WITH_FLAGS(SYS_open, 1);
    ALWAYS(SYS_creat);
    ALWAYS(SYS_rename);
    ALWAYS(SYS_link);
    ALWAYS(SYS_unlink);
    ALWAYS(SYS_mkdir);
    ALWAYS(SYS_rmdir);
    ALWAYS(SYS_symlink);
#endif
#ifdef SYS_renameat
    ALWAYS(SYS_renameat);
#endif
    ALWAYS(SYS_renameat2);
    ALWAYS(SYS_openat2);
    ALWAYS(SYS_pwrite64);
    ALWAYS(SYS_pwritev);
    ALWAYS(SYS_fsync);
    ALWAYS(SYS_fdatasync);
    ALWAYS(SYS_linkat);
    ALWAYS(SYS_unlinkat);
    ALWAYS(SYS_mkdirat);
    ALWAYS(SYS_symlinkat);
    ALWAYS(SYS_ftruncate);
    ALWAYS(SYS_truncate);
    ALWAYS(SYS_fallocate);
    ALWAYS(SYS_copy_file_range);
    ALWAYS(SYS_sendfile);
    ALWAYS(SYS_flock);
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 7));
    LOAD(args[1]);
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETLK, 4, 0));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETLKW, 3, 0));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_SETLK, 2, 0));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_SETLKW, 1, 0));
    ALLOW();
    TRACE();
    ALLOW();
    struct sock_fprog program = {.len = n, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail("no_new_privs");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        fail("seccomp");
}

void request_enter(const struct request *request)
{
    setsid();
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    struct rlimit none = {0, 0}, memory = {MEMORY, MEMORY};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_DATA, &memory);
    redirect("/dev/null", 0, O_RDONLY);
    redirect(request->out, 1, O_WRONLY | O_CREAT | O_TRUNC);
    redirect(request->err, 2, O_WRONLY | O_CREAT | O_TRUNC);
    if (chdir(request->cwd) != 0)
        fail(request->cwd);
    install_filter();
}
