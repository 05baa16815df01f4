"""A file system in user space that shows another folder, without shared memory: `passthrough.py FOLDER TYPE`.

Just enough of the protocol (linux/fuse.h, 7.31) for a project to live on it. Files are opened for direct
I/O, so that a shared mapping is refused, as network file systems do. Says `ok` once it is mounted over
FOLDER; ends with its standard input. Standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import stat
import struct
import sys

FORGET, BATCH_FORGET, INTERRUPT, DESTROY = 2, 42, 36, 38
DIRECT_IO = 1
OPENED = struct.pack("<QII", 0, DIRECT_IO, 0)


class Passthrough:
    """Nodes are paths below the folder as it was before it was mounted over, kept by a descriptor."""

    def __init__(self, device: int, below: int) -> None:
        self.device = device
        self.below = below
        self.paths = {1: "."}
        self.operations = {
            1: self.lookup, 3: self.getattr, 4: self.setattr, 8: self.mknod, 9: self.mkdir, 10: self.unlink,
            11: self.rmdir, 12: self.rename, 14: self.open, 15: self.read, 16: self.write, 17: self.statfs,
            18: self.nothing, 20: self.nothing, 25: self.nothing, 26: self.init, 27: self.open,
            28: self.readdir, 29: self.nothing, 30: self.nothing, 35: self.create, 45: self.rename2,
        }  # fmt: skip

    def serve_one(self) -> None:
        request = os.read(self.device, 1 << 20)
        _, operation, unique, node = struct.unpack_from("<IIQQ", request)
        if operation in (FORGET, BATCH_FORGET, INTERRUPT, DESTROY):
            return
        code, answer = 0, b""
        try:
            found = self.operations.get(operation)
            if found is None:
                raise OSError(errno.ENOSYS, "")
            answer = found(node, request[40:])
        except OSError as error:
            code = -(error.errno or errno.EIO)
        os.write(self.device, struct.pack("<IiQ", 16 + len(answer), code, unique) + answer)

    # ------------------------------------------------------------------ names

    def child(self, node: int, name: bytes) -> str:
        return os.path.join(self.paths[node], os.fsdecode(name.split(b"\0")[0]))

    def entry(self, path: str) -> bytes:
        node = next((number for number, known in self.paths.items() if known == path), len(self.paths) + 1)
        attributes = self.attributes(path)
        self.paths[node] = path
        return struct.pack("<QQQQII", node, 0, 0, 0, 0, 0) + attributes

    def attributes(self, path: str) -> bytes:
        found = os.stat(path, dir_fd=self.below, follow_symlinks=False)
        times = (int(found.st_atime), int(found.st_mtime), int(found.st_ctime), 0, 0, 0)
        owner = (found.st_mode, found.st_nlink, found.st_uid, found.st_gid, 0, 4096, 0)
        return struct.pack("<QQQQQQIIIIIIIIII", found.st_ino, found.st_size, found.st_blocks, *times, *owner)

    def descriptor(self, node: int, flags: int) -> int:
        return os.open(self.paths[node], flags, dir_fd=self.below)

    # ------------------------------------------------------------------ operations

    def init(self, _node: int, _body: bytes) -> bytes:
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 0, 0, 65536, 1, 0, 0, 0)

    def nothing(self, _node: int, _body: bytes) -> bytes:
        return b""

    def lookup(self, node: int, body: bytes) -> bytes:
        return self.entry(self.child(node, body))

    def getattr(self, node: int, _body: bytes) -> bytes:
        return struct.pack("<QII", 0, 0, 0) + self.attributes(self.paths[node])

    def setattr(self, node: int, body: bytes) -> bytes:
        valid, _, _, size = struct.unpack_from("<IIQQ", body)
        (mode,) = struct.unpack_from("<I", body, 68)
        if valid & 1:
            os.chmod(self.paths[node], stat.S_IMODE(mode), dir_fd=self.below)
        if valid & 8:
            descriptor = self.descriptor(node, os.O_WRONLY)
            os.truncate(descriptor, size)
            os.close(descriptor)
        return self.getattr(node, b"")

    def mknod(self, node: int, body: bytes) -> bytes:
        (mode,) = struct.unpack_from("<I", body)
        path = self.child(node, body[16:])
        os.mknod(path, mode, dir_fd=self.below)
        return self.entry(path)

    def mkdir(self, node: int, body: bytes) -> bytes:
        (mode,) = struct.unpack_from("<I", body)
        path = self.child(node, body[8:])
        os.mkdir(path, mode, dir_fd=self.below)
        return self.entry(path)

    def unlink(self, node: int, body: bytes) -> bytes:
        os.unlink(self.child(node, body), dir_fd=self.below)
        return b""

    def rmdir(self, node: int, body: bytes) -> bytes:
        os.rmdir(self.child(node, body), dir_fd=self.below)
        return b""

    def rename(self, node: int, body: bytes, head: int = 8) -> bytes:
        (target,) = struct.unpack_from("<Q", body)
        old, new = body[head:].split(b"\0")[:2]
        before, after = self.child(node, old), self.child(target, new)
        os.rename(before, after, src_dir_fd=self.below, dst_dir_fd=self.below)
        for number, path in self.paths.items():
            if path == after:
                self.paths[number] = f"{path} (replaced)"
            elif path == before or path.startswith(before + "/"):
                self.paths[number] = after + path[len(before) :]
        return b""

    def rename2(self, node: int, body: bytes) -> bytes:
        return self.rename(node, body, 16)

    def open(self, _node: int, _body: bytes) -> bytes:
        return OPENED

    def create(self, node: int, body: bytes) -> bytes:
        flags, mode = struct.unpack_from("<II", body)
        path = self.child(node, body[16:])
        os.close(os.open(path, flags | os.O_CREAT, mode, dir_fd=self.below))
        return self.entry(path) + OPENED

    def read(self, node: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        descriptor = self.descriptor(node, os.O_RDONLY)
        try:
            return os.pread(descriptor, size, offset)
        finally:
            os.close(descriptor)

    def write(self, node: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        descriptor = self.descriptor(node, os.O_WRONLY)
        try:
            return struct.pack("<II", os.pwrite(descriptor, body[40 : 40 + size], offset), 0)
        finally:
            os.close(descriptor)

    def readdir(self, node: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        descriptor = self.descriptor(node, os.O_RDONLY | os.O_DIRECTORY)
        names = sorted(os.listdir(descriptor))
        os.close(descriptor)
        out = b""
        for number, name in enumerate(names[offset:], offset + 1):
            raw = os.fsencode(name)
            one = struct.pack("<QQII", number, number, len(raw), 0) + raw
            one += bytes(-len(one) % 8)
            if len(out) + len(one) > size:
                break
            out += one
        return out

    def statfs(self, _node: int, _body: bytes) -> bytes:
        return struct.pack("<QQQQQIIII24x", 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 4096, 255, 4096, 0)


def main(folder: str, kind: str) -> None:
    below = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
    mount = ctypes.CDLL(None, use_errno=True).mount
    if mount(b"passthrough", os.fsencode(folder), kind.encode(), 0, options.encode()):
        raise SystemExit(f"cannot mount {kind}: {os.strerror(ctypes.get_errno())}")
    print("ok", flush=True)
    server = Passthrough(device, below)
    poller = select.poll()
    poller.register(device, select.POLLIN)
    poller.register(0, select.POLLIN)
    while 0 not in [descriptor for descriptor, _ in poller.poll()]:
        server.serve_one()


if __name__ == "__main__":
    main(*sys.argv[1:])
