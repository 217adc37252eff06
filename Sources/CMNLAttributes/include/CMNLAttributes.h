#ifndef CMNLAttributes_h
#define CMNLAttributes_h

/*
 * The part of libmnl that libnftnl calls: reading and appending netlink attributes. Debian has no static libmnl, and a
 * plugin that starts without a dynamic linker starts a third faster (docs/decisions/0003-plugin-start.md).
 *
 * Same names, same declarations: only the plugins link this, everything else the library.
 */
#include <libmnl/libmnl.h>

#endif
