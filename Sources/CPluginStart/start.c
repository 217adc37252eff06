#define _GNU_SOURCE
#include "CPluginStart.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Linked into podnet-cni alone. A plugin lives for two milliseconds, so what its start costs is felt
 * (docs/decisions/0007-what-an-add-costs.md).
 */

static char **arguments;
static int argument_count;

/* Where the linker puts what starts as zeros. */
extern char __bss_start[], _end[];

/*
 * Swift's caches of types and conformances lie there, and nearly every page of it is needed, each by two faults: one to
 * read zeros, one to write. One call makes them all (since Linux 5.14; where it fails, the faults come as ever).
 */
static void populate_zeros(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)__bss_start & ~(page - 1), end = ((uintptr_t)_end + page - 1) & ~(page - 1);
    (void)madvise((void *)first, end - first, MADV_POPULATE_WRITE);
}

/* The number sets it before the constructors of Swift's runtime. */
__attribute__((constructor(101))) static void prepare(int argc, char **argv, char **envp) {
    (void)envp;
    argument_count = argc;
    arguments = argv;
    populate_zeros();
}

/*
 * These two stand in for CommandLine.cpp of Swift's runtime, which as it starts looks for the arguments on the stack,
 * and for the stack in /proc/self/maps. Nobody in a plugin asks for them.
 */
char **_swift_stdlib_getUnsafeArgvArgc(int *count) {
    *count = argument_count;
    return arguments;
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **new_arguments, int count) {
    arguments = new_arguments;
    argument_count = count;
}
