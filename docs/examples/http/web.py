"""`GET /CHF`: a rate, with the day it is of. One of two processes on one socket that the controller holds."""

import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import workerset

workerset.ensure("rates", timeout=20)  # raises here, at boot, if rates does not get ready


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        with workerset.request():  # one snapshot for the whole request, whatever is published meanwhile
            rate = workerset.get_vars("rates").get(self.path[1:])
            day = workerset.get_vars("rates")["day"]
        body = json.dumps({"rate": rate, "day": day}).encode()
        self.send_response(200 if rate is not None else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("", 0), Page, bind_and_activate=False)
server.socket = socket.socket(fileno=3)  # the first socket that is handed over
server.serve_forever()
