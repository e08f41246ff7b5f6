# SPDX-License-Identifier: MIT
"""The guest's end of the TCP check: sends 8 MiB through one interface, gets them back with
their digest, and compares.  The other end is EchoServer in dom0.py."""

import hashlib
import os
import socket
import sys
import threading

SIZE = 8 << 20
host, port, interface = sys.argv[1], int(sys.argv[2]), sys.argv[3]
data = os.urandom(SIZE)

s = socket.socket()
s.settimeout(400)
s.setsockopt(socket.SOL_SOCKET, 25, interface.encode())  # SO_BINDTODEVICE
s.connect((host, port))
sender = threading.Thread(target=s.sendall, args=(SIZE.to_bytes(8, "big") + data,))
sender.start()
answer = b""
while len(answer) < SIZE + 32:
    part = s.recv(65536)
    if not part:
        break
    answer += part
sender.join()
good = answer[:SIZE] == data and answer[SIZE:] == hashlib.sha256(data).digest()
print("%s: %d bytes %s" % (interface, len(answer), "equal" if good else "differ"))
sys.exit(not good)
