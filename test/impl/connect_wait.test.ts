/** LOCAL_CONNWAIT: a connect to a UNIX name is done when the other end was accepted, and not before. */
import { describe, expect, it } from 'vitest';
import { attach, createKernel } from '../../impl/index.ts';

const NAME = { family: 'unix', name: 1 } as const;

describe.each(['stream', 'seqpacket'] as const)('a %s socket that waits to be accepted', (type) => {
  function waiting() {
    const kernel = createKernel({ sockets: 8 });
    const [server, client] = [attach(kernel), attach(kernel)];
    const listener = server.socket('unix', type);
    server.bind(listener, NAME);
    server.listen(listener);
    const fd = client.socket('unix', type);
    client.setOption(fd, 'connectWait', 1);
    client.setNonBlocking(fd, true);
    expect(() => client.connect(fd, NAME)).toThrow('EINPROGRESS');
    return { server, client, listener, fd };
  }

  it('is connected by the accept', () => {
    const { server, client, listener, fd } = waiting();
    expect(() => client.connect(fd, NAME)).toThrow('EALREADY');
    expect(() => client.send(fd, new Uint8Array([1]))).toThrow('ENOTCONN');
    expect(() => client.disconnect(fd)).toThrow('ENOTCONN');
    const accepted = server.accept(listener).fd;
    expect(client.send(fd, new Uint8Array([1, 2]))).toBe(2);
    expect(server.recv(accepted, new Uint8Array(9))).toBe(2);
  });

  it('learns that the listener was closed', () => {
    const { server, client, listener, fd } = waiting();
    server.close(listener);
    expect(client.getOption(fd, 'error')).toBeGreaterThan(0);
    expect(() => client.send(fd, new Uint8Array([1]))).toThrow('EPIPE');
  });

  it('may be closed: what is accepted then is at its end', () => {
    const { server, client, listener, fd } = waiting();
    client.close(fd);
    expect(server.recv(server.accept(listener).fd, new Uint8Array(9))).toBe(0);
  });

  it('is told so by its option, which may be cleared again', () => {
    const { client, fd } = waiting();
    expect(client.getOption(fd, 'connectWait')).toBe(1);
    client.setOption(fd, 'connectWait', 0);
    expect(client.getOption(fd, 'connectWait')).toBe(0);
    expect(() => client.setOption(client.socket('inet', 'stream'), 'connectWait', 1)).toThrow('ENOPROTOOPT');
  });
});

it('without the option a connect is done at once', () => {
  const kernel = createKernel({ sockets: 8 });
  const sockets = attach(kernel);
  const listener = sockets.socket('unix', 'stream');
  sockets.bind(listener, NAME);
  sockets.listen(listener);
  const fd = sockets.socket('unix', 'stream');
  sockets.connect(fd, NAME);
  expect(sockets.send(fd, new Uint8Array(3))).toBe(3);
});
