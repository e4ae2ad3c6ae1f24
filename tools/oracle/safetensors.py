"""Writes the safetensors format: 8 bytes of header length, a JSON header, the elements of each tensor."""
import json

TYPES = {"float64": "F64", "float32": "F32", "int64": "I64", "bool": "BOOL"}


def write(path, tensors, metadata):
    """`tensors`: name -> numpy array; those with the largest elements come first. Returns the file's size."""
    header = {"__metadata__": metadata} if metadata else {}
    data = bytearray()
    for name, array in sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        begin = len(data)
        data += array.tobytes()
        header[name] = {
            "dtype": TYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [begin, len(data)],
        }
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(data))
    return 8 + len(text) + len(data)
