"""Reads messages from standard input, one a line, segments parted by tabs; hl7apy parses each, encodes it anew and frames it;
sends it until it is answered, and prints a line of JSON for each attempt: {"sender","id","ack","fault"} or {"sender","id","lost"}.
hl7apy has no client of its own, so the socket is Python's. `fault`: what hl7apy's strict reading finds wrong with the answer."""

import json
import socket
import sys
import time

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

NAME = 'hl7apy'
TIMEOUT_S = 5
REST_S = 0.1
END = b'\x1c\r'


def say(**what):
    print(json.dumps({'sender': NAME, **what}), flush=True)


def fault_of(ack):
    try:
        parse_message(ack, validation_level=VALIDATION_LEVEL.STRICT).validate()
        return None
    except Exception as trouble:
        return f'{type(trouble).__name__}: {trouble}'


class Client:
    def __init__(self, port):
        self.port = port
        self.socket = None

    def exchange(self, framed):
        if self.socket is None:
            self.socket = socket.create_connection(('127.0.0.1', self.port), TIMEOUT_S)
        try:
            self.socket.sendall(framed)
            answer = b''
            while not answer.endswith(END):
                part = self.socket.recv(65536)
                if part == b'':
                    raise ConnectionError('closed before the answer')
                answer += part
            return answer[1:-2].decode()
        except OSError:
            self.socket.close()
            self.socket = None
            raise


def main(port):
    client = Client(port)
    say(ready=True)
    for line in sys.stdin:
        message = parse_message(line.rstrip('\n').replace('\t', '\r') + '\r')
        number = message.msh.msh_10.value
        while True:
            try:
                ack = client.exchange(message.to_mllp().encode())
                say(id=number, ack=ack, fault=fault_of(ack))
                break
            except OSError as trouble:
                say(id=number, lost=str(trouble))
                time.sleep(REST_S)


main(int(sys.argv[1]))
