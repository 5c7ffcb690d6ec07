"""Checks a proof without Dayfly: python3 proof.py KEY.pub PROOF LEAF. It needs nothing but Python."""
import base64, hashlib, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

def add(a, b):  # points of RFC 8032
    k = D * a[0] * b[0] * a[1] * b[1]
    return (a[0]*b[1] + b[0]*a[1]) * pow(1 + k, -1, P) % P, (a[1]*b[1] + a[0]*b[0]) * pow(1 - k, -1, P) % P

def times(n, a):
    return (0, 1) if n == 0 else add(times(n - 1, a), a) if n % 2 else times(n // 2, add(a, a))

def point(data):
    n = int.from_bytes(data, "little")
    y, square = n % 2**255, (n % 2**255)**2
    x2 = (square - 1) * pow(D * square + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if (x * x - x2) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - x2) % P == 0, "no point"
    return (x if x % 2 == n >> 255 else P - x), y

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

key, proof, leaf = (open(name, "rb").read() for name in sys.argv[1:4])
name, key_id, material = key.strip().split(b"+", 2)
material = base64.b64decode(material)  # 0x01, and the public key
assert bytes.fromhex(key_id.decode()) == sha(name, b"\n", material)[:4] and material[0] == 1, "no key"
(magic, index, *path), note = proof.split(b"\n\n", 1)[0].split(b"\n"), proof.split(b"\n\n", 1)[1]
text, signatures = note.rsplit(b"\n\n", 1)[0] + b"\n", note.rsplit(b"\n\n", 1)[1].splitlines()
signature = next(base64.b64decode(line.split()[2]) for line in signatures if line.split()[1] == name)
r, s = signature[4:36], int.from_bytes(signature[36:], "little")
k = int.from_bytes(hashlib.sha512(r + material[1:] + text).digest(), "little")
base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
assert s < L and times(s, base) == add(point(r), times(k, point(material[1:]))), "not signed by the key"
at, last, node = int(index.split()[1]), int(text.split(b"\n")[1]) - 1, sha(b"\0", leaf)
assert magic == b"c2sp.org/tlog-proof@v1" and at <= last, "no proof"
for other in map(base64.b64decode, path):  # RFC 9162, section 2.1.3.2
    assert last > 0, "too long"
    node = sha(b"\1", other, node) if at % 2 or at == last else sha(b"\1", node, other)
    while at % 2 == 0 and at == last and at: at, last = at // 2, last // 2
    at, last = at // 2, last // 2
assert last == 0 and node == base64.b64decode(text.split(b"\n")[2]), "not in the run"
print("proved", index.decode(), "of", text.split(b"\n")[0].decode())
