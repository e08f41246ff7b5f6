// SPDX-License-Identifier: MIT
/*
 * What an intruder in the daemon could do.  confine.sh lets a live update run this program, which
 * is bound as the daemon was: it tries what must not work, writes what worked into the state
 * directory, which must work, and goes on as the daemon that the file "next" there names.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static FILE *report;

static void must_fail(const char *what, long result)
{
	fprintf(report, "%s %s: %s\n", result < 0 ? "refused" : "WORKED", what,
		result < 0 ? strerror(errno) : "");
}

static void must_work(const char *what, long result)
{
	fprintf(report, "%s %s: %s\n", result < 0 ? "FAILED" : "works", what,
		result < 0 ? strerror(errno) : "");
}

/* With Landlock the first of these is refused too; the rest of files is the user's rights. */
static void try_files(void)
{
	must_fail("open /etc/passwd (Landlock)", open("/etc/passwd", O_RDONLY));
	must_fail("open /etc/shadow", open("/etc/shadow", O_RDONLY));
	must_fail("make a file in /tmp (Landlock)", open("/tmp/xenstored-probe", O_CREAT, 0600));
	must_fail("make a file in /etc", open("/etc/xenstored-probe", O_CREAT, 0600));
	must_fail("list / (Landlock)", open("/", O_RDONLY | O_DIRECTORY));
	must_fail("list /root", open("/root", O_RDONLY | O_DIRECTORY));
	must_fail("write to a process of root's", open("/proc/1/mem", O_RDWR));
}

static void try_calls(void)
{
	must_fail("setuid(0)", setuid(0) ? -1 : geteuid() == 0 ? 0 : -1);
	must_fail("fork", fork());
	must_fail("clone3", syscall(SYS_clone3, NULL, 0));
	must_fail("kill", kill(1, 0));
	must_fail("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	must_fail("unshare", unshare(CLONE_NEWUSER));
	must_fail("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	must_fail("chroot", chroot("/"));
	must_fail("chmod", chmod("/tmp", 0777));
	must_fail("chown", chown("/tmp", 0, 0));
	must_fail("bpf", syscall(SYS_bpf, 0, NULL, 0));
	must_fail("io_uring", syscall(SYS_io_uring_setup, 8, NULL));
	must_fail("keyctl", syscall(SYS_keyctl, 0, -1, 0, 0, 0));
	must_fail("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	must_fail("a socket to the network", socket(AF_INET, SOCK_STREAM, 0));
	must_fail("a netlink socket", socket(AF_NETLINK, SOCK_RAW, 0));
}

int main(int argc, char **argv)
{
	const char *dir = NULL;
	char path[4096], next[4096] = "";
	FILE *f;

	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--state-dir") == 0)
			dir = argv[i + 1];
	if (!dir)
		return 1;
	snprintf(path, sizeof(path), "%s/report", dir);
	report = fopen(path, "w");
	if (!report)
		return 1;
	try_files();
	try_calls();
	must_work("make a socket", socket(AF_UNIX, SOCK_STREAM, 0));
	fclose(report);
	snprintf(path, sizeof(path), "%s/next", dir);
	f = fopen(path, "r");
	if (f && fgets(next, sizeof(next), f))
		execv(next, argv);
	return 1;
}
