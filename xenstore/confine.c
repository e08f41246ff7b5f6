// SPDX-License-Identifier: MIT
/*
 * confine.h.  All of it passes on to the program that a live update runs: user, Landlock's rules
 * and the filter cannot be given back, and are not taken on twice.
 */
#include "confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "handover.h"
#include "hv.h"
#include "log.h"

#define READ_FILES \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE)
#define DEVICE_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
/* Everything that the first version of Landlock knows. */
#define ALL_FILES ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* What we may still open, besides the state directory. */
static const struct {
	const char *path;
	uint64_t access;
} places[] = {
	{"/usr", READ_FILES},
	{"/lib", READ_FILES},
	{"/lib64", READ_FILES},
	{"/bin", READ_FILES},
	{"/sbin", READ_FILES},
	{"/etc/ld.so.cache", LANDLOCK_ACCESS_FS_READ_FILE},
	{"/proc/sys/kernel/random/boot_id", LANDLOCK_ACCESS_FS_READ_FILE},
	{"/proc/xen", DEVICE_FILES},
	{"/dev/xen", DEVICE_FILES},
	{"/dev/null", DEVICE_FILES},
};

static const int calls[] = {
	/* the loop */
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(signalfd4),
	SCMP_SYS(accept4),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(close),
	SCMP_SYS(ioctl),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	/* memory */
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(mlock),
	SCMP_SYS(munlock),
	/* the state directory, the log */
	SCMP_SYS(openat),
	SCMP_SYS(open),
	SCMP_SYS(fallocate),
	SCMP_SYS(ftruncate),
	SCMP_SYS(renameat),
	SCMP_SYS(unlinkat),
	SCMP_SYS(unlink),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(stat),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(lseek),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(writev),
	SCMP_SYS(getdents64),
	SCMP_SYS(fcntl),
	SCMP_SYS(flock),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(connect),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(mkdir),
	SCMP_SYS(umask),
	SCMP_SYS(dup2),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(getcwd),
	/* a live update: another program, from its loader to its loop */
	SCMP_SYS(memfd_create),
	SCMP_SYS(execve),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(prlimit64),
	SCMP_SYS(getrandom),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(prctl),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(futex),
	SCMP_SYS(sched_yield),
	SCMP_SYS(time),
	SCMP_SYS(gettimeofday),
	/* the end */
	SCMP_SYS(exit_group),
	SCMP_SYS(exit),
	SCMP_SYS(tgkill),
	SCMP_SYS(sigaltstack),
};

static int filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = filter ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < sizeof(calls) / sizeof(calls[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (!rc)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				      SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	if (!rc)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return -rc;
}

/* What is not there need not be allowed; what cannot be allowed now would be missed later. */
static int allow(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? errno : 0;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		log_line(LOG_WARNING, "%s will be out of reach: %s", path, strerror(errno));
	close(rule.parent_fd);
	return 0;
}

static int limit_files(const char *state_dir)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = ALL_FILES};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	char own[4096];
	ssize_t n;
	int err;

	if (rules < 0) {
		log_line(LOG_NOTICE, "this kernel cannot limit which files are opened (Landlock)");
		return 0;
	}
	err = allow(rules, state_dir, ALL_FILES);
	for (size_t i = 0; !err && i < sizeof(places) / sizeof(places[0]); i++)
		err = allow(rules, places[i].path, places[i].access);
	/* Where our own program is, for its successor. */
	n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	own[n > 0 ? n : 0] = 0;
	if (!err && strrchr(own, '/')) {
		*strrchr(own, '/') = 0;
		err = allow(rules, own, READ_FILES);
	}
	if (!err && syscall(SYS_landlock_restrict_self, rules, 0))
		log_line(LOG_WARNING, "Landlock: %s", strerror(errno));
	close(rules);
	if (err)
		log_line(LOG_ERR, "Landlock: %s", strerror(err));
	return err;
}

static void give(int dir_fd, const char *name, const struct passwd *who)
{
	if (fchownat(dir_fd, name, who->pw_uid, who->pw_gid, 0) && errno != ENOENT)
		log_line(LOG_WARNING, "%s stays another's: %s", name, strerror(errno));
}

/* Who it is to be: NULL with *ERR 0 stays root. */
static const struct passwd *chosen(const char *user, int *err)
{
	const struct passwd *who = getpwnam(user ? user : CONFINE_USER);

	*err = 0;
	if (!who && user) {
		log_line(LOG_ERR, "there is no user %s", user);
		*err = ENOENT;
	} else if (!who) {
		log_line(LOG_NOTICE,
			 "there is no user " CONFINE_USER " (systemd-sysusers makes it); "
			 "staying root, without capabilities");
	}
	return who;
}

static int become(const char *user, const char *state_dir, bool devices)
{
	const struct passwd *who;
	struct dirent *file;
	DIR *dir;
	int err;

	/* Started by somebody else, it stays that, unless told otherwise. */
	if (geteuid() != 0 && !user)
		return 0;
	who = chosen(user, &err);
	if (!who || geteuid() == who->pw_uid)
		return err;
	dir = opendir(state_dir);
	while (dir && (file = readdir(dir)))
		if (strcmp(file->d_name, "..") != 0)
			give(dirfd(dir), file->d_name, who);
	if (dir)
		closedir(dir);
	for (int i = 0; devices && hv_devices[i]; i++)
		give(AT_FDCWD, hv_devices[i], who);
	if (setgroups(0, NULL) || setresgid(who->pw_gid, who->pw_gid, who->pw_gid) ||
	    setresuid(who->pw_uid, who->pw_uid, who->pw_uid)) {
		err = errno;
		log_line(LOG_ERR, "cannot become %s: %s", who->pw_name, strerror(err));
	}
	return err;
}

/* No program that runs here from now on can have any, root's or not. */
static void bound_capabilities(void)
{
	for (int each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; each++)
		if (prctl(PR_CAPBSET_DROP, each, 0, 0, 0))
			return; /* not root's to give up: there are none */
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) == 0)
		return 0;
	log_line(LOG_ERR, "cannot give up capabilities: %s", strerror(errno));
	return errno;
}

int confine(const char *user, const char *state_dir, bool devices)
{
	int err;

	/* After a live update all this holds already. */
	if (handover_is_update() && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2)
		return 0;
	tzset();
	bound_capabilities();
	err = become(user, state_dir, devices);
	if (!err)
		err = drop_capabilities();
	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return errno;
	err = limit_files(state_dir);
	if (err)
		return err;
	err = filter_calls();
	if (err)
		log_line(LOG_ERR, "the system call filter does not load: %s", strerror(err));
	return err;
}
