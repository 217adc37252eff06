#define _GNU_SOURCE
#include "CKernelShims.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int podnet_setns(int fd, int nstype) { return setns(fd, nstype); }

int podnet_unshare_net(void) { return unshare(CLONE_NEWNET); }

int podnet_clone_newnet(void) { return CLONE_NEWNET; }

int podnet_namespace_type(int fd) { return ioctl(fd, NS_GET_NSTYPE); }

/* glibc 2.36 has no wrapper for openat2. */
int podnet_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

uint64_t podnet_resolve_no_symlinks(void) { return RESOLVE_NO_SYMLINKS; }

int podnet_rename_noreplace(int olddir, const char *oldpath, int newdir, const char *newpath) {
    return renameat2(olddir, oldpath, newdir, newpath, RENAME_NOREPLACE);
}

int podnet_set_parent_death_signal(int sig) { return prctl(PR_SET_PDEATHSIG, sig); }

pid_t podnet_gettid(void) { return gettid(); }

int podnet_memfd_create(const char *name, unsigned int flags) { return memfd_create(name, flags); }

int podnet_open_unnamed(const char *directory, mode_t mode) {
    return open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
}

const char *podnet_directory_entry_name(const struct dirent *entry) { return entry->d_name; }

int64_t podnet_file_system_type(const char *path) {
    struct statfs answer;
    if (statfs(path, &answer) != 0) return -1;
    return (uint32_t)answer.f_type;
}

int podnet_spawn_close_from(posix_spawn_file_actions_t *actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

char **podnet_environment(void) { return environ; }

static char **arguments;

/* glibc hands constructors what it hands main (csu/init-first.c and elf/dl-init.c). */
__attribute__((constructor)) static void keep_arguments(int argc, char **argv, char **envp) {
    (void)argc;
    (void)envp;
    arguments = argv;
}

char **podnet_arguments(void) { return arguments; }

int podnet_is_procfs(int fd) {
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

void podnet_malloc_trim(void) { malloc_trim(0); }

void podnet_malloc_one_arena(void) { mallopt(M_ARENA_MAX, 1); }
