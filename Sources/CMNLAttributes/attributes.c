/* The behaviour is that of libmnl's manual; the layout of attributes that of linux/netlink.h. */

#include <errno.h>
#include <string.h>

#include "CMNLAttributes.h"

/* Reading */

uint16_t mnl_attr_get_type(const struct nlattr *attr) { return attr->nla_type & NLA_TYPE_MASK; }

uint16_t mnl_attr_get_payload_len(const struct nlattr *attr) { return attr->nla_len - MNL_ATTR_HDRLEN; }

void *mnl_attr_get_payload(const struct nlattr *attr) { return (char *)attr + MNL_ATTR_HDRLEN; }

const char *mnl_attr_get_str(const struct nlattr *attr) { return mnl_attr_get_payload(attr); }

#define GET(width)                                                                                                     \
    uint##width##_t mnl_attr_get_u##width(const struct nlattr *attr)                                                   \
    {                                                                                                                  \
        uint##width##_t value;                                                                                         \
        memcpy(&value, mnl_attr_get_payload(attr), sizeof(value));                                                     \
        return value;                                                                                                  \
    }

GET(8)
GET(16)
GET(32)
GET(64)

/* Whether a whole attribute lies within the next len bytes. */
bool mnl_attr_ok(const struct nlattr *attr, int len)
{
    return len >= (int)MNL_ATTR_HDRLEN && attr->nla_len >= MNL_ATTR_HDRLEN && attr->nla_len <= len;
}

struct nlattr *mnl_attr_next(const struct nlattr *attr)
{
    return (struct nlattr *)((char *)attr + MNL_ALIGN(attr->nla_len));
}

int mnl_attr_type_valid(const struct nlattr *attr, uint16_t max)
{
    if (mnl_attr_get_type(attr) <= max) return 1;
    errno = EOPNOTSUPP;
    return -1;
}

/* The fewest bytes that a payload of a type has. */
static size_t least_length(enum mnl_attr_data_type type)
{
    switch (type) {
    case MNL_TYPE_U8: return 1;
    case MNL_TYPE_U16: return 2;
    case MNL_TYPE_U32: return 4;
    case MNL_TYPE_U64: case MNL_TYPE_MSECS: return 8;
    case MNL_TYPE_STRING: case MNL_TYPE_NUL_STRING: return 1;
    default: return 0;
    }
}

int mnl_attr_validate(const struct nlattr *attr, enum mnl_attr_data_type type)
{
    size_t length = mnl_attr_get_payload_len(attr);
    int is_valid = type < MNL_TYPE_MAX && length >= least_length(type);
    if (type == MNL_TYPE_FLAG) is_valid = length == 0;
    if (type == MNL_TYPE_NUL_STRING && is_valid) is_valid = mnl_attr_get_str(attr)[length - 1] == '\0';
    if (type == MNL_TYPE_NESTED && length > 0) is_valid = length >= MNL_ATTR_HDRLEN;
    if (is_valid) return 0;
    errno = type < MNL_TYPE_MAX ? ERANGE : EINVAL;
    return -1;
}

/* Calls back with every attribute up to end until one answers that it is enough. */
static int parse(const struct nlattr *attr, const char *end, mnl_attr_cb_t callback, void *data)
{
    int result = MNL_CB_OK;
    while (result > MNL_CB_STOP && mnl_attr_ok(attr, (int)(end - (const char *)attr))) {
        result = callback(attr, data);
        attr = mnl_attr_next(attr);
    }
    return result;
}

int mnl_attr_parse(const struct nlmsghdr *message, unsigned int offset, mnl_attr_cb_t callback, void *data)
{
    const char *start = (const char *)message + MNL_NLMSG_HDRLEN + MNL_ALIGN(offset);
    return parse((const struct nlattr *)start, (const char *)message + message->nlmsg_len, callback, data);
}

int mnl_attr_parse_nested(const struct nlattr *nested, mnl_attr_cb_t callback, void *data)
{
    return parse(mnl_attr_get_payload(nested), (const char *)nested + nested->nla_len, callback, data);
}

void *mnl_nlmsg_get_payload(const struct nlmsghdr *message) { return (char *)message + MNL_NLMSG_HDRLEN; }

/* Appending, behind the message's own length: whoever calls has made room. */

static struct nlattr *tail(const struct nlmsghdr *message)
{
    return (struct nlattr *)((char *)message + MNL_ALIGN(message->nlmsg_len));
}

void mnl_attr_put(struct nlmsghdr *message, uint16_t type, size_t length, const void *data)
{
    struct nlattr *attr = tail(message);
    size_t padded = MNL_ALIGN(length);
    attr->nla_type = type;
    attr->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + length);
    memset((char *)mnl_attr_get_payload(attr) + length, 0, padded - length);
    if (length > 0) memcpy(mnl_attr_get_payload(attr), data, length);
    message->nlmsg_len = MNL_ALIGN(message->nlmsg_len) + MNL_ATTR_HDRLEN + (uint32_t)padded;
}

#define PUT(width)                                                                                                     \
    void mnl_attr_put_u##width(struct nlmsghdr *message, uint16_t type, uint##width##_t value)                         \
    {                                                                                                                  \
        mnl_attr_put(message, type, sizeof(value), &value);                                                            \
    }

PUT(8)
PUT(16)
PUT(32)
PUT(64)

void mnl_attr_put_str(struct nlmsghdr *message, uint16_t type, const char *text)
{
    mnl_attr_put(message, type, strlen(text), text);
}

void mnl_attr_put_strz(struct nlmsghdr *message, uint16_t type, const char *text)
{
    mnl_attr_put(message, type, strlen(text) + 1, text);
}

/* Begins an attribute that holds those put from now on, until mnl_attr_nest_end writes its length. */
struct nlattr *mnl_attr_nest_start(struct nlmsghdr *message, uint16_t type)
{
    struct nlattr *start = tail(message);
    mnl_attr_put(message, NLA_F_NESTED | type, 0, NULL);
    return start;
}

void mnl_attr_nest_end(struct nlmsghdr *message, struct nlattr *start)
{
    start->nla_len = (uint16_t)((char *)tail(message) - (char *)start);
}
