"""Reads messages from standard input, one a line, segments parted by tabs; prints a line of JSON for each: what hl7apy's reading
makes of it ({"type", "segments", "values"}: values of the fields that the line asks for behind a form feed, as names of hl7apy
such as pid.pid_3), and what its strict validation finds wrong with it ("fault", null: nothing)."""

import json
import sys

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message


def value_of(message, name):
    segment, field = name.split('.')
    return '~'.join(each.to_er7() for each in getattr(getattr(message, segment), field))


def fault_of(text):
    try:
        parse_message(text, validation_level=VALIDATION_LEVEL.STRICT).validate()
        return None
    except Exception as trouble:
        return f'{type(trouble).__name__}: {trouble}'


for line in sys.stdin:
    body, _, names = line.rstrip('\n').partition('\f')
    text = body.replace('\t', '\r') + '\r'
    message = parse_message(text, find_groups=False)
    print(json.dumps({
        'type': message.msh.msh_9.to_er7(),
        'segments': [segment.name for segment in message.children],
        'values': [value_of(message, name) for name in names.split(',') if name != ''],
        'fault': fault_of(text),
    }), flush=True)
