#ifndef PODNET_PLUGIN_START_H
#define PODNET_PLUGIN_START_H

/* What the plugins do before Swift's runtime starts, and instead of a part of it. See start.c. */

#endif
