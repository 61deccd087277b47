#!/usr/bin/env python3
"""silent_fuse.py DIRECTORY: mounts a file system there that never answers, as a server that is gone. Until it is killed."""
import ctypes
import os
import sys
import time


def main():
    directory = sys.argv[1]
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"silent", directory.encode(), b"fuse", 0, options) != 0:
        number = ctypes.get_errno()
        sys.exit(f"mount {directory}: {os.strerror(number)}")
    print("mounted", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
