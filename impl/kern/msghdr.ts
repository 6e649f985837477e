/**
 * The layout of a message in user memory: the arguments of sendmsg and recvmsg. Control data are one message of each type at most, one behind
 * the other: SCM_CREDS, whose data is the uid of the sender, and SCM_RIGHTS, whose data are descriptors.
 */

/** msghdr: byte offsets in user memory, a 32-bit word each. */
export const msg_name = 0; // user address of an address: of whom it is for; when received, of who sent it
export const msg_namelen = 4; // and its length: NAME_BYTES, or 0 for none (0 is a user address as any other)
export const msg_iov = 8; // user address of the bytes
export const msg_iovlen = 12; // and how many
export const msg_control = 16; // user address of the control buffer
export const msg_controllen = 20; // and its length; when received, what of it was used
export const msg_flags = 24; // when received: MSG_CTRUNC
export const MSG_HEADER = 28;
/** sockaddr: the host, and the port or name. */
export const NAME_BYTES = 8;
/** cmsghdr: length (itself included), level, type. */
export const CMSG_HEADER = 12;
export const SCM_RIGHTS = 1;
export const SCM_CREDS = 3; // sent: the data says nothing, the kernel knows who it is
/** The length of a message that says who sent it. */
export const CMSG_CREDS = CMSG_HEADER + 4;
