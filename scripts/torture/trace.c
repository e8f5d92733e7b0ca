/* Runs a program again and again, and at the n-th call that changes a file below a folder lets the call fail, or ends
 * the program.
 *
 *   trace PROGRAM [WARM.so]
 *
 * Reads requests (fault.h) from stdin and answers each with a line on stdout:
 *
 *   exited|killed  code|signal  calls  call  path  timed-out  left-alone
 *
 * with tabs between; `call` and `path` say which call was hit, `-` where none was; left-alone counts the processes that
 * were still at work when their time was up. With WARM.so (warm.c) the program's libraries are loaded once for all.
 *
 * The program may make its calls without the C library, so this is a tracer of system calls (ptrace) and no library.
 * A seccomp filter picks the calls that stop, threads and children are followed. */
#define _GNU_SOURCE
#include "fault.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPTIONS                                                                                              \
    (PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | \
     PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)

static void die(const char *what)
{
    fprintf(stderr, "trace: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* ---- registers ---- */

struct call {
    long number;
    unsigned long arguments[6];
};

#if defined(__x86_64__)
static struct call call_of(pid_t task)
{
    struct user_regs_struct r;
    if (ptrace(PTRACE_GETREGS, task, 0, &r) != 0)
        return (struct call){.number = -1};
    return (struct call){(long)r.orig_rax, {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9}};
}
static void set_argument_2(pid_t task, unsigned long value)
{
    struct user_regs_struct r;
    ptrace(PTRACE_GETREGS, task, 0, &r);
    r.rdx = value;
    ptrace(PTRACE_SETREGS, task, 0, &r);
}
static void skip_with(pid_t task, long result)
{
    struct user_regs_struct r;
    ptrace(PTRACE_GETREGS, task, 0, &r);
    r.orig_rax = (unsigned long)-1;
    r.rax = (unsigned long)result;
    ptrace(PTRACE_SETREGS, task, 0, &r);
}
#else
static struct call call_of(pid_t task)
{
    struct user_regs_struct r;
    struct iovec all = {&r, sizeof r};
    if (ptrace(PTRACE_GETREGSET, task, NT_PRSTATUS, &all) != 0)
        return (struct call){.number = -1};
    return (struct call){(long)r.regs[8], {r.regs[0], r.regs[1], r.regs[2], r.regs[3], r.regs[4], r.regs[5]}};
}
static void set_register(pid_t task, int which, unsigned long value)
{
    struct user_regs_struct r;
    struct iovec all = {&r, sizeof r};
    ptrace(PTRACE_GETREGSET, task, NT_PRSTATUS, &all);
    r.regs[which] = value;
    ptrace(PTRACE_SETREGSET, task, NT_PRSTATUS, &all);
}
static void set_argument_2(pid_t task, unsigned long value)
{
    set_register(task, 2, value);
}
static void skip_with(pid_t task, long result)
{
    int none = -1;
    struct iovec number = {&none, sizeof none};
    ptrace(PTRACE_SETREGSET, task, NT_ARM_SYSTEM_CALL, &number);
    set_register(task, 0, (unsigned long)result);
}
#endif

/* ---- what a call does ---- */

enum kind { OTHER, OPEN, WRITE, SYNC, NAME, REMOVE, SIZE, LOCK };

struct meaning {
    long number;
    const char *name;
    enum kind kind;
    /* Which arguments are a file descriptor that is changed, or paths with the folders they start from; -1: none. */
    int fd, folder, path, folder2, path2;
};

static const struct meaning MEANINGS[] = {
    {SYS_openat, "openat", OPEN, -1, 0, 1, -1, -1},
    {SYS_openat2, "openat2", OPEN, -1, 0, 1, -1, -1},
    {SYS_write, "write", WRITE, 0, -1, -1, -1, -1},
    {SYS_writev, "writev", WRITE, 0, -1, -1, -1, -1},
    {SYS_pwrite64, "pwrite", WRITE, 0, -1, -1, -1, -1},
    {SYS_pwritev, "pwritev", WRITE, 0, -1, -1, -1, -1},
    {SYS_copy_file_range, "copy_file_range", WRITE, 2, -1, -1, -1, -1},
    {SYS_sendfile, "sendfile", WRITE, 0, -1, -1, -1, -1},
    {SYS_fsync, "fsync", SYNC, 0, -1, -1, -1, -1},
    {SYS_fdatasync, "fdatasync", SYNC, 0, -1, -1, -1, -1},
#ifdef SYS_renameat
    {SYS_renameat, "renameat", NAME, -1, 0, 1, 2, 3},
#endif
    {SYS_renameat2, "renameat2", NAME, -1, 0, 1, 2, 3},
    {SYS_linkat, "linkat", NAME, -1, 2, 3, -1, -1},
    {SYS_symlinkat, "symlinkat", NAME, -1, 1, 2, -1, -1},
    {SYS_mkdirat, "mkdirat", NAME, -1, 0, 1, -1, -1},
    {SYS_unlinkat, "unlinkat", REMOVE, -1, 0, 1, -1, -1},
    {SYS_ftruncate, "ftruncate", SIZE, 0, -1, -1, -1, -1},
    {SYS_truncate, "truncate", SIZE, -1, -1, 0, -1, -1},
    {SYS_fallocate, "fallocate", SIZE, 0, -1, -1, -1, -1},
    {SYS_flock, "flock", LOCK, 0, -1, -1, -1, -1},
    {SYS_fcntl, "fcntl", LOCK, 0, -1, -1, -1, -1},
#ifdef SYS_open
    {SYS_open, "open", OPEN, -1, -1, 0, -1, -1},
    {SYS_creat, "creat", OPEN, -1, -1, 0, -1, -1},
    {SYS_rename, "rename", NAME, -1, -1, 0, -1, 1},
    {SYS_link, "link", NAME, -1, -1, 1, -1, -1},
    {SYS_symlink, "symlink", NAME, -1, -1, 1, -1, -1},
    {SYS_mkdir, "mkdir", NAME, -1, -1, 0, -1, -1},
    {SYS_unlink, "unlink", REMOVE, -1, -1, 0, -1, -1},
    {SYS_rmdir, "rmdir", REMOVE, -1, -1, 0, -1, -1},
#endif
};

static const struct meaning *meaning_of(long number)
{
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++)
        if (MEANINGS[i].number == number)
            return &MEANINGS[i];
    return NULL;
}

#define LONGEST (2 * PATH_MAX)

/* The string at an address of the task's; it may end at a page that is not there. */
static bool read_string(pid_t task, unsigned long address, char *into)
{
    size_t got = 0;
    while (got + 1 < PATH_MAX) {
        size_t want = 4096 - (address + got) % 4096;
        if (want > PATH_MAX - 1 - got)
            want = PATH_MAX - 1 - got;
        struct iovec here = {into + got, want}, there = {(void *)(address + got), want};
        ssize_t n = process_vm_readv(task, &here, 1, &there, 1, 0);
        if (n <= 0)
            return false;
        if (memchr(into + got, 0, (size_t)n))
            return true;
        got += (size_t)n;
    }
    into[got] = 0;
    return true;
}

static bool read_link(pid_t task, const char *what, int fd, char *into)
{
    char name[64];
    if (fd >= 0)
        snprintf(name, sizeof name, "/proc/%d/fd/%d", task, fd);
    else
        snprintf(name, sizeof name, "/proc/%d/%s", task, what);
    ssize_t n = readlink(name, into, PATH_MAX - 1);
    if (n < 0)
        return false;
    into[n] = 0;
    return true;
}

/* Takes `.`, `..` and double slashes out of an absolute path. */
static void normalise(char *path)
{
    char *to = path;
    for (char *from = path; *from;) {
        while (*from == '/')
            from++;
        size_t length = strcspn(from, "/");
        if (length == 2 && from[0] == '.' && from[1] == '.') {
            while (to > path && *--to != '/')
                ;
        } else if (length > 0 && !(length == 1 && from[0] == '.')) {
            *to++ = '/';
            memmove(to, from, length);
            to += length;
        }
        from += length;
    }
    if (to == path)
        *to++ = '/';
    *to = 0;
}

static bool full_path(pid_t task, const struct call *call, int folder, int path, char *into)
{
    char name[PATH_MAX], start[PATH_MAX] = "";
    if (!read_string(task, call->arguments[path], name))
        return false;
    if (name[0] != '/') {
        int fd = folder < 0 ? AT_FDCWD : (int)call->arguments[folder];
        if (!read_link(task, "cwd", fd == AT_FDCWD ? -1 : fd, start))
            return false;
    }
    snprintf(into, LONGEST, "%s/%s", start, name);
    normalise(into);
    return true;
}

static bool is_below(const char *path, const char *root)
{
    size_t length = strlen(root);
    return strncmp(path, root, length) == 0 && (path[length] == 0 || path[length] == '/');
}

/* Whether the call changes something below root; what, is in `path`. */
static bool touches(pid_t task, const struct call *call, const struct meaning *m, const char *root, char *path)
{
    if (m->fd >= 0)
        return read_link(task, NULL, (int)call->arguments[m->fd], path) && is_below(path, root);
    if (m->path2 >= 0 && full_path(task, call, m->folder2, m->path2, path) && is_below(path, root))
        return true;
    return full_path(task, call, m->folder, m->path, path) && is_below(path, root);
}

/* ---- the tasks of a case ---- */

#define MOST 4096
static pid_t tasks[MOST];
static int task_count;
/* The process that waits for requests, if there is one. */
static pid_t server;

static bool known(pid_t task)
{
    for (int i = 0; i < task_count; i++)
        if (tasks[i] == task)
            return true;
    return false;
}
static void add(pid_t task)
{
    if (task > 0 && task != server && !known(task) && task_count < MOST)
        tasks[task_count++] = task;
}
static void drop(pid_t task)
{
    for (int i = 0; i < task_count; i++)
        if (tasks[i] == task)
            tasks[i--] = tasks[--task_count];
}
static void kill_all(void)
{
    for (int i = 0; i < task_count; i++)
        kill(tasks[i], SIGKILL);
}

/* Forgets tasks that are not there any more: one may have been counted after its end had been told. */
static void forget_gone(void)
{
    for (int i = 0; i < task_count; i++)
        if (kill(tasks[i], 0) != 0 && errno == ESRCH)
            tasks[i--] = tasks[--task_count];
}

/* Wakes a wait twice a second, so that time is seen to pass. */
static void on_alarm(int signal)
{
    (void)signal;
}
static void set_alarm(bool on)
{
    struct itimerval in = {{0, 500000}, {0, 500000}};
    if (!on)
        memset(&in, 0, sizeof in);
    setitimer(ITIMER_REAL, &in, NULL);
}
static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- a case ---- */

struct state {
    const struct request *request;
    pid_t program;
    long calls;
    const char *hit;
    char path[LONGEST];
    /* The next write fails for want of room. */
    bool full_next;
    FILE *log;
};

/* Calls that a full disk refuses: whatever takes room. */
static bool takes_room(const struct meaning *m)
{
    return m->kind == OPEN || m->kind == WRITE || m->kind == NAME || m->kind == SIZE;
}

/* At the stop before a call: gives how the task is to go on. */
static int before(struct state *s, pid_t task)
{
    struct call call = call_of(task);
    const struct meaning *m = meaning_of(call.number);
    char path[LONGEST];
    const struct request *r = s->request;
    if (m == NULL || r->root[0] == 0 || !touches(task, &call, m, r->root, path))
        return PTRACE_CONT;
    s->calls++;
    if (s->log)
        fprintf(s->log, "%ld\t%s\t%s\n", s->calls, m->name, path);
    if (s->full_next && m->kind == WRITE) {
        s->full_next = false;
        skip_with(task, -ENOSPC);
        return PTRACE_CONT;
    }
    bool forever = strcmp(r->mode, "forever") == 0;
    if (forever && s->hit && (r->argument != ENOSPC || takes_room(m))) {
        skip_with(task, -r->argument);
        return PTRACE_CONT;
    }
    if (s->calls != r->at)
        return PTRACE_CONT;
    s->hit = m->name;
    strcpy(s->path, path);
    if (strcmp(r->mode, "kill") == 0) {
        kill(task, SIGKILL);
    } else if (strcmp(r->mode, "kill-all") == 0) {
        kill_all();
    } else if (strcmp(r->mode, "kill-after") == 0) {
        return PTRACE_SYSCALL;
    } else if (strcmp(r->mode, "signal") == 0) {
        kill(s->program, (int)r->argument);
    } else if (strcmp(r->mode, "short") == 0) {
        if (call.number == SYS_write || call.number == SYS_pwrite64) {
            set_argument_2(task, call.arguments[2] / 2 ? call.arguments[2] / 2 : 1);
            s->full_next = true;
        } else {
            s->hit = "-";
        }
    } else if (strcmp(r->mode, "fail") == 0 || forever) {
        if (!forever || r->argument != ENOSPC || takes_room(m))
            skip_with(task, -r->argument);
    }
    return PTRACE_CONT;
}

static void clear_path(char *path)
{
    for (; *path; path++)
        if ((unsigned char)*path < ' ')
            *path = '?';
}

/* Follows all tasks of a case to their ends and writes the answer. */
static void follow(struct state *s)
{
    bool ended = false, timed_out = false;
    int ending = 0, left = 0;
    double deadline = now() + (double)s->request->seconds;
    set_alarm(true);
    while (!ended || task_count > 0) {
        int status;
        pid_t task = waitpid(-1, &status, __WALL);
        if (task < 0) {
            if (errno != EINTR)
                break;
            forget_gone();
            if (now() > deadline && (!ended || task_count > 0)) {
                /* When the program itself has ended, what is left of it is said to be alone. */
                if (!timed_out && ended)
                    left = task_count;
                else
                    timed_out = true;
                kill_all();
                if (task_count == 0) {
                    ending = SIGKILL;
                    break;
                }
            }
            continue;
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (task == server) {
                fprintf(stderr, "trace: the warm program has ended\n");
                exit(125);
            }
            drop(task);
            if (task == s->program)
                ended = true, ending = status;
            continue;
        }
        if (s->program == 0 && task != server)
            s->program = task;
        add(task);
        int event = status >> 16, signal = WSTOPSIG(status);
        int how = PTRACE_CONT, deliver = 0;
        if (event == PTRACE_EVENT_SECCOMP) {
            how = before(s, task);
        } else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
            unsigned long child = 0;
            if (ptrace(PTRACE_GETEVENTMSG, task, 0, &child) == 0 && kill((pid_t)child, 0) == 0) {
                /* It may be gone already, with the case before this one. */
                add((pid_t)child);
                if (task == server && s->program == 0)
                    s->program = (pid_t)child;
            }
        } else if (event == PTRACE_EVENT_STOP) {
            if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) {
                /* A new task, or one that somebody stopped: the latter stays so. */
                siginfo_t info;
                if (ptrace(PTRACE_GETSIGINFO, task, 0, &info) != 0 && errno == EINVAL) {
                    ptrace(PTRACE_LISTEN, task, 0, 0);
                    continue;
                }
            }
        } else if (signal == (SIGTRAP | 0x80)) {
            /* The end of the call after which all is to end. */
            kill(task, SIGKILL);
        } else if (event == 0) {
            deliver = signal;
        }
        ptrace(how, task, 0, deliver);
    }
    set_alarm(false);
    clear_path(s->path);
    if (s->log)
        fclose(s->log);
    printf("%s\t%d\t%ld\t%s\t%s\t%d\t%d\n", WIFSIGNALED(ending) ? "killed" : "exited",
           WIFSIGNALED(ending) ? WTERMSIG(ending) : WEXITSTATUS(ending), s->calls, s->hit ? s->hit : "-",
           s->hit && s->path[0] ? s->path : "-", timed_out, left);
    fflush(stdout);
}

/* Starts a process that waits until it is traced, and then does `then`. */
static pid_t start(void (*then)(const void *), const void *with)
{
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) != 0)
        die("pipe");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        char byte;
        close(gate[1]);
        if (read(gate[0], &byte, 1) != 1)
            _exit(125);
        then(with);
        _exit(126);
    }
    close(gate[0]);
    if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) != 0) {
        kill(pid, SIGKILL);
        die("this system does not permit tracing");
    }
    if (write(gate[1], "", 1) != 1)
        die("pipe");
    close(gate[1]);
    return pid;
}

static void cold(const void *with)
{
    const struct request *request = with;
    request_enter(request);
    execve(request->argv[0], request->argv, request->envp);
}

static const char *program_path, *warm_path;
static int to_server[2];

static void wait_warm(const void *with)
{
    (void)with;
    char number[16];
    dup2(to_server[0], 200);
    snprintf(number, sizeof number, "%d", 200);
    setenv("TORTURE_REQUESTS", number, 1);
    setenv("LD_PRELOAD", warm_path, 1);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    execl(program_path, program_path, (char *)NULL);
}

static void write_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t n = write(fd, at, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            die("the warm program");
        at += n;
        length -= (size_t)n;
    }
}

/* Whatever is still left of a case before this one. */
static void reap(void)
{
    int status;
    pid_t task;
    while ((task = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
        if (task == server) {
            if (WIFEXITED(status) || WIFSIGNALED(status)) {
                fprintf(stderr, "trace: the warm program has ended with %x\n", status);
                exit(125);
            }
            ptrace(PTRACE_CONT, task, 0, 0);
        } else if (WIFSTOPPED(status)) {
            kill(task, SIGKILL);
            ptrace(PTRACE_CONT, task, 0, 0);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: trace PROGRAM [WARM.so]\n");
        return 2;
    }
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    program_path = argv[1];
    if (argc > 2) {
        warm_path = argv[2];
        if (pipe2(to_server, O_CLOEXEC) != 0)
            die("pipe");
        server = start(wait_warm, NULL);
        close(to_server[0]);
    }
    size_t length;
    char *bytes;
    while ((bytes = request_receive(0, &length)) != NULL) {
        struct request request;
        struct state state = {.request = &request};
        char *copy = malloc(length + 1);
        memcpy(copy, bytes, length + 1);
        if (request_read(copy, length, &request) != 0)
            die("no request");
        reap();
        task_count = 0;
        if (request.log[0])
            state.log = fopen(request.log, "w");
        if (server) {
            uint32_t size = (uint32_t)length;
            write_all(to_server[1], &size, sizeof size);
            write_all(to_server[1], bytes, length);
        } else {
            state.program = start(cold, &request);
            add(state.program);
        }
        follow(&state);
        free(request.argv);
        free(copy);
        free(bytes);
    }
    return 0;
}
