/* Preloaded into podnetd: the element whose comment begins with what the file $PODNET_TEST_REFUSED says is sent with
   flags that no kernel knows, so that the kernel refuses the transaction that it is in. Without the file, or with an
   empty one, everything is sent as it was meant. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { NFTA_SET_ELEM_FLAGS = 3, NFTA_SET_ELEM_USERDATA = 6 };

static size_t read_victim(char *name, size_t size) {
    const char *path = getenv("PODNET_TEST_REFUSED");
    FILE *file = path ? fopen(path, "re") : NULL;
    size_t length = file ? fread(name, 1, size, file) : 0;
    if (file) fclose(file);
    return length;
}

static void spoil(char *base, size_t size, const char *name, size_t length) {
    char *end = base + size, *at = base;
    while ((at = memmem(at, end - at, name, length))) {
        /* The comment is behind type and length of its own and those of the attribute: struct nlattr, 2 bytes each. */
        unsigned short type = NFTA_SET_ELEM_FLAGS;
        if (at - base >= 6 && at[-4] == NFTA_SET_ELEM_USERDATA) memcpy(at - 4, &type, sizeof type);
        at += length;
    }
}

ssize_t send(int descriptor, const void *message, size_t size, int flags) {
    static ssize_t (*real)(int, const void *, size_t, int);
    if (!real) real = (ssize_t (*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
    char name[256];
    size_t length = read_victim(name, sizeof name);
    if (length) spoil((char *)message, size, name, length);
    return real(descriptor, message, size, flags);
}
