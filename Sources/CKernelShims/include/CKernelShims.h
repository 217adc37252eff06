#ifndef PODNET_KERNEL_SHIMS_H
#define PODNET_KERNEL_SHIMS_H

#include <dirent.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What Swift's Glibc module hides because it is compiled without _GNU_SOURCE, and the few C macros that Swift cannot
 * import. Every function returns what the call it wraps returns; errno is left as that call set it.
 */

/* setns(2): moves the calling thread into the namespace behind fd. nstype: 0 any, CLONE_NEWNET network only. */
int podnet_setns(int fd, int nstype);
/* unshare(CLONE_NEWNET): a new network namespace for the calling thread. */
int podnet_unshare_net(void);
/* CLONE_NEWNET, for podnet_setns and for comparing what podnet_namespace_type answers. */
int podnet_clone_newnet(void);
/* NS_GET_NSTYPE ioctl: the CLONE_NEW* flag of the namespace behind fd, or -1 with ENOTTY when it is no namespace. */
int podnet_namespace_type(int fd);
/* openat2(2) with the given RESOLVE_* flags. */
int podnet_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
uint64_t podnet_resolve_no_symlinks(void);
/* renameat2(2) with RENAME_NOREPLACE. */
int podnet_rename_noreplace(int olddir, const char *oldpath, int newdir, const char *newpath);
/* prctl(PR_SET_PDEATHSIG, sig): the calling process gets sig when its parent thread dies. */
int podnet_set_parent_death_signal(int sig);
pid_t podnet_gettid(void);
int podnet_memfd_create(const char *name, unsigned int flags);
/* malloc_trim(3): gives what the allocator holds and nobody uses back to the system, of every thread's arena. */
void podnet_malloc_trim(void);
/* mallopt(3), M_ARENA_MAX: all threads allocate from one heap. */
void podnet_malloc_one_arena(void);
/* open(2) with O_TMPFILE: a file without a name in the file system of directory, for writing. */
int podnet_open_unnamed(const char *directory, mode_t mode);
/* The name in what readdir(3) returned. Swift must not copy the struct: the record behind it can be shorter. */
const char *podnet_directory_entry_name(const struct dirent *entry);
/* statfs(2): the f_type of the file system behind path, or -1. */
int64_t podnet_file_system_type(const char *path);
/* posix_spawn_file_actions_addclosefrom_np(3): the child closes every descriptor from `from` on. */
int podnet_spawn_close_from(posix_spawn_file_actions_t *actions, int from);
/* environ(7), which Swift takes for shared mutable state. */
char **podnet_environment(void);
/* The arguments that the program was started with, ended by NULL. Swift's own way to them reads /proc/self/maps. */
char **podnet_arguments(void);
/* Whether the open file is one of procfs and not of something mounted over it. */
int podnet_is_procfs(int fd);

#endif
