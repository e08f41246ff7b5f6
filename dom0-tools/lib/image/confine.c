/* SPDX-License-Identifier: MIT */
/*
 * The child that unpacks a kernel. Everything it needs exists before it gives up its rights:
 * the packed bytes (in memory that it shares copy-on-write), the output (a memory file of full
 * size, mapped) and a pipe for one line of complaint. It may then compute, ask for memory and
 * end; other system calls kill it. The parent believes nothing but the output's seals.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "export.h"
#include "image/private.h"

#define NOBODY 65534
#define CHILD_MEMORY (3ull << 30) /* address space: input, output and the decoder */

/* What the child says before it ends; the size of a pipe's atomic write bounds it. */
struct verdict {
	int64_t used; /* -1: see why */
	char why[256];
};

static int limit(int resource, rlim_t value)
{
	const struct rlimit l = {value, value};

	return setrlimit((__rlimit_resource_t)resource, &l);
}

static int drop_rights(unsigned int seconds)
{
	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			       setresuid(NOBODY, NOBODY, NOBODY)))
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -1;
	if (limit(RLIMIT_AS, CHILD_MEMORY) || limit(RLIMIT_CPU, seconds) ||
	    limit(RLIMIT_NOFILE, 0) || limit(RLIMIT_CORE, 0) || limit(RLIMIT_FSIZE, 0))
		return -1;
	return 0;
}

/* The calls that malloc, the decoders and the last message need. */
static int filter_calls(void)
{
	static const int allowed[] = {
		SCMP_SYS(brk),        SCMP_SYS(mmap),         SCMP_SYS(munmap),
		SCMP_SYS(mremap),     SCMP_SYS(madvise),      SCMP_SYS(mprotect),
		SCMP_SYS(futex),      SCMP_SYS(getrandom),    SCMP_SYS(write),
		SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = filter ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !rc && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!rc)
		rc = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return rc;
}

static void __attribute__((noreturn)) child(const struct dais_payload *payload, void *out,
					    size_t room, int complain, unsigned int seconds)
{
	struct verdict verdict = {.used = -1};
	struct dais_error err = {.code = DAIS_OK};
	size_t used = 0;

	if (drop_rights(seconds) || filter_calls())
		snprintf(verdict.why, sizeof(verdict.why),
			 "the unpacking process could not be "
			 "confined");
	else if (dais_payload_unpack(payload, out, room, &used, &err))
		snprintf(verdict.why, sizeof(verdict.why), "%.255s", err.why);
	else
		verdict.used = (int64_t)used;
	if (write(complain, &verdict, sizeof(verdict)) != (ssize_t)sizeof(verdict))
		_exit(1);
	_exit(0);
}

/* Leaves only standard error and @keep open in the child. */
static void close_others(int keep)
{
	if (dup2(keep, 3) < 0)
		_exit(1);
	close(0);
	close(1);
	close_range(4, ~0u, 0);
}

static pid_t start_child(const struct dais_payload *payload, int memory, size_t room, int complain,
			 unsigned int seconds, struct dais_error *err)
{
	void *out = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	pid_t pid;

	if (out == MAP_FAILED) {
		dais_fail_errno(err, DAIS_FAILED, errno, "get memory to unpack the kernel", NULL);
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		close_others(complain);
		child(payload, out, room, 3, seconds);
	}
	if (pid < 0)
		dais_fail_errno(err, DAIS_FAILED, errno, "start a process to unpack the kernel",
				NULL);
	munmap(out, room);
	return pid;
}

/* Waits for the child's verdict, then for its end. */
static int wait_child(pid_t pid, int pipe_end, unsigned int seconds, struct verdict *verdict,
		      struct dais_error *err)
{
	struct pollfd p = {.fd = pipe_end, .events = POLLIN};
	ssize_t n = -1;
	int status, ready;

	/* Twice as long as its processor time: a loaded host is no fault of the kernel's. */
	do {
		ready = poll(&p, 1, (int)(2000u * seconds));
	} while (ready < 0 && errno == EINTR);
	if (ready > 0)
		n = read(pipe_end, verdict, sizeof(*verdict));
	if (n != (ssize_t)sizeof(*verdict))
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (ready == 0)
		return dais_fail(err, DAIS_TIMEOUT, "unpack the kernel", NULL,
				 "not done after %u seconds", 2 * seconds);
	if (n != (ssize_t)sizeof(*verdict))
		return dais_fail(err, DAIS_IMAGE, "unpack the kernel", NULL,
				 "the unpacking process was ended by signal %d%s",
				 WIFSIGNALED(status) ? WTERMSIG(status) : 0,
				 WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU
					 ? " (it took too much time)"
					 : "");
	verdict->why[sizeof(verdict->why) - 1] = '\0';
	if (verdict->used < 0)
		return dais_fail(err, DAIS_IMAGE, "unpack the kernel", NULL, "%s", verdict->why);
	return 0;
}

EXPORT int image_unpack_confined(const struct dais_payload *payload, unsigned int seconds,
				 struct dais_error *err)
{
	size_t room = payload->unpacked ? payload->unpacked : DAIS_IMAGE_MAX;
	autoclose int memory = memfd_create("kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	autoclose int from = -1;
	autoclose int to = -1;
	struct verdict verdict;
	int ends[2];
	pid_t pid;

	if (memory < 0 || ftruncate(memory, (off_t)room) || pipe2(ends, O_CLOEXEC))
		return dais_fail_errno(err, DAIS_FAILED, errno, "get memory to unpack the kernel",
				       NULL);
	from = ends[0];
	to = ends[1];
	pid = start_child(payload, memory, room, to, seconds, err);
	if (pid < 0)
		return -1;
	close(steal_fd(&to));
	if (wait_child(pid, from, seconds, &verdict, err))
		return -1;
	if ((uint64_t)verdict.used > room || verdict.used == 0 ||
	    ftruncate(memory, (off_t)verdict.used) ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return dais_fail(err, DAIS_IMAGE, "unpack the kernel", NULL,
				 "the unpacking process left nothing that can be used");
	return steal_fd(&memory);
}
