#include "CPluginStart.h"

#include <malloc.h>

/*
 * Linked into podnet-cni alone. A plugin lives for two milliseconds, so what its start costs is felt
 * (docs/decisions/0007-what-an-add-costs.md).
 */

static char **arguments;
static int argument_count;

/* The number sets it before the constructors of Swift's runtime. */
__attribute__((constructor(101))) static void prepare(int argc, char **argv, char **envp) {
    (void)envp;
    argument_count = argc;
    arguments = argv;
    /* The heap grows once and never shrinks: what it gives back would be asked for again. */
    mallopt(M_TOP_PAD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
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

/*
 * These two stand in for Backtrace.cpp of Swift's runtime, which as it starts looks in eight places for the program that
 * explains a crash; a node has none. The settings (struct BacktraceSettings there) are all zero, longer than any
 * release's: no backtraces. The function is what swiftrt.o mentions.
 */
const char _swift_backtraceSettings[256];

int _swift_backtrace_isThunkFunction(const char *name) {
    (void)name;
    return 0;
}
