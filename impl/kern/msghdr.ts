/** The layout of a message in user memory: the arguments of sendmsg and recvmsg. Control data are one message, SCM_RIGHTS. */

/** msghdr: byte offsets in user memory, a 32-bit word each. */
export const msg_iov = 0; // user address of the bytes
export const msg_iovlen = 4; // and how many
export const msg_control = 8; // user address of the control buffer
export const msg_controllen = 12; // and its length; when received, what of it was used
export const msg_flags = 16; // when received: MSG_CTRUNC
export const MSG_HEADER = 20;
/** cmsghdr: length (itself included), level, type. */
export const CMSG_HEADER = 12;
export const SCM_RIGHTS = 1;
