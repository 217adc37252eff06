/* Order matters: libc's in.h and if.h come before any linux/ header, or both define in_addr. */
#include <netinet/in.h>
#include <net/if.h>
#include <linux/netlink.h>
#include <libmnl/libmnl.h>
