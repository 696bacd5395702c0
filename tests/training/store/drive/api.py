"""The calls of Drive v2 and of Google's token endpoint that DVC and this project make."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.training.store.drive import query, reports
from tests.training.store.drive.faults import Reply, Request, refusal
from tests.training.store.drive.state import BINARY, Account, Drive, File, Upload

API = "www.googleapis.com"
TOKENS = "oauth2.googleapis.com"
TOKEN_ADDRESS = f"https://{TOKENS}/token"


class Refused(Exception):  # noqa: N818 (a response, not a failure of ours)
    """Ends a call early with this response."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


class Api:
    """Answers requests from the state; independent of sockets."""

    def __init__(self, drive: Drive, *, page: int = 1000, token_seconds: int = 3599) -> None:
        self.drive, self.page, self.token_seconds = drive, page, token_seconds
        self.listing_lag = self.checksum_lag = 0.0
        """Seconds until listings show a change, and until an upload shows its checksum.

        Reports of it: kopia/kopia#90, libDrive/libDrive#21, googleapis/google-api-go-client#906.
        """
        self.upload_piece: int | None = None
        """Bytes that one PUT of an upload keeps; None: all of them."""

    def answer(self, request: Request) -> Reply:
        try:
            return self._route(request)
        except Refused as refused:
            return refused.reply

    def _route(self, request: Request) -> Reply:
        if request.host == TOKENS:
            return self._token(request)
        if upload := self.drive.uploads.get(request.query.get("upload_id", "")):
            return self._receive(upload, request)
        email = self._caller(request)
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["drive", "v2", "about"]:
                return self._about(email)
            case "GET", ["drive", "v2", "files"]:
                return self._list(email, request)
            case "POST", ["drive", "v2", "files"]:
                return self._create(email, request)
            case "GET", ["drive", "v2", "files", id_] if request.is_download:
                return self._download(self._see(email, id_), request)
            case "GET", ["drive", "v2", "files", id_]:
                return self._show(self._see(email, id_).resource(email), request)
            case "POST", ["drive", "v2", "files", id_, "trash"]:
                file = self._see(email, id_)
                self._require(email, file, "fileOrganizer")
                file.trashed = True
                file.trashed_from = time.monotonic() + self.listing_lag
                return self._show(file.resource(email), request)
            case "DELETE", ["drive", "v2", "files", id_]:
                file = self._see(email, id_)
                self._require(email, file, "organizer")
                self._remove(file)
                return Reply(HTTPStatus.NO_CONTENT)
            case "GET", ["drive", "v2", "drives", id_]:
                return self._shared_drive(email, id_, request)
            case "POST", ["upload", "drive", "v2", "files"]:
                return self._begin(email, request)
        raise Refused(refusal(404, "notFound", f"No such call: {request.method} {request.path}"))

    # Authentication

    def _token(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode())
        try:
            signed, _, signature = form["assertion"][0].rpartition(".")
            claims = json.loads(_decode(signed.split(".")[1]))
            account = self.drive.accounts.get(claims["iss"])
        except (KeyError, IndexError, ValueError):
            return reports.token_refusal("invalid_grant", "Bad Request")
        if account is None:
            return reports.NO_ACCOUNT
        if not _verified(account, signed, signature):
            return reports.REVOKED
        now = time.time()
        if claims["aud"] != TOKEN_ADDRESS or not claims["iat"] - 300 < now < claims["exp"] + 300:
            return reports.CLOCKS[1]
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self.drive.tokens[token] = (account.email, now + self.token_seconds)
        return Reply.of(
            {"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"}
        )

    def _caller(self, request: Request) -> str:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if email := self.drive.account_of(token):
            return email
        raise Refused(reports.NO_TOKEN)

    def _see(self, email: str, id_: str) -> File:
        file = self.drive.files.get(id_)
        if file is None or file.rank(email) < 0:
            raise Refused(reports.not_found(id_))
        return file

    def _member(self, email: str, id_: str) -> File:
        """A shared drive, to its members alone: who sees one folder of it is no member."""
        top = self.drive.files.get(id_)
        if top is None or top.rank(email) < 0:
            raise Refused(reports.no_member(id_))
        return top

    def _require(self, email: str, file: File, role: str) -> None:
        if file.may(email, role):
            return
        raise Refused(reports.NO_WRITER if role == "writer" else reports.NO_MANAGER)

    # Reading

    def _about(self, email: str) -> Reply:
        return Reply.of(
            {
                "user": {"emailAddress": email, "displayName": email},
                "quotaBytesTotal": "0",
                "quotaBytesUsed": "0",
                "quotaType": "LIMITED",
            }
        )

    def _shared_drive(self, email: str, id_: str, request: Request) -> Reply:
        top = self._member(email, id_)
        shown = top.resource(email)["capabilities"]
        return self._show({"id": id_, "name": top.title, "capabilities": shown}, request)

    def _list(self, email: str, request: Request) -> Reply:
        drive_id = request.query.get("driveId")
        if bool(drive_id) != (request.query.get("corpora") == "drive"):
            message = (
                "The driveId parameter must be specified if and only if corpora is set to drive."
            )
            raise Refused(refusal(403, "invalid", message, location="driveId"))
        if drive_id:
            self._member(email, drive_id)
        try:
            selects = query.parse(request.query.get("q", "trashed=false"))
        except query.QueryError as error:
            raise Refused(
                refusal(400, "invalid", f"Invalid Value: {error}", location="q")
            ) from error
        everywhere = request.query.get("includeItemsFromAllDrives") == "true"
        files = [
            file
            for file in sorted(self.drive.files.values(), key=lambda file: file.number)
            if file.rank(email) >= 0
            and (not drive_id or file.drive_id == drive_id)
            and (everywhere or not file.drive_id)
            and selects(file)
            and time.monotonic() >= file.shown_from
        ]
        start = int(request.query.get("pageToken", "0"))
        end = start + min(self.page, int(request.query.get("maxResults", "100")))
        found: dict[str, Any] = {"items": [file.resource(email) for file in files[start:end]]}
        if end < len(files):
            found["nextPageToken"] = str(end)
        return self._show(found, request)

    def _show(self, resource: dict[str, Any], request: Request) -> Reply:
        fields = request.query.get("fields")
        return Reply.of(query.project(resource, fields) if fields else resource)

    def _download(self, file: File, request: Request) -> Reply:
        content = file.content or b""
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if not wanted:
            return Reply(HTTPStatus.OK, content, {"Content-Type": file.mime_type})
        start = int(wanted[1])
        end = min(int(wanted[2] or len(content)), len(content) - 1)
        if start > end:
            status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            return Reply(status, b"", {"Content-Range": f"bytes */{len(content)}"})
        headers = {
            "Content-Type": file.mime_type,
            "Content-Range": f"bytes {start}-{end}/{len(content)}",
        }
        return Reply(HTTPStatus.PARTIAL_CONTENT, content[start : end + 1], headers)

    # Writing

    def _create(self, email: str, request: Request) -> Reply:
        wanted = json.loads(request.body)
        above = self._see(email, wanted["parents"][0]["id"])
        self._require(email, above, "writer")
        file = self.drive.add(wanted["title"], above, mime_type=wanted["mimeType"])
        file.shown_from = time.monotonic() + self.listing_lag
        return Reply.of(file.resource(email))

    def _begin(self, email: str, request: Request) -> Reply:
        wanted = json.loads(request.body)
        above = self._see(email, wanted["parents"][0]["id"])
        self._require(email, above, "writer")
        if not above.drive_id:
            raise Refused(reports.NO_STORAGE)
        id_ = secrets.token_urlsafe(16)
        kind = wanted.get("mimeType", BINARY)
        self.drive.uploads[id_] = Upload(email, wanted["title"], kind, above)
        where = f"https://{request.host}{request.path}?uploadType=resumable&upload_id={id_}"
        return Reply(HTTPStatus.OK, b"", {"Location": where})

    def _receive(self, upload: Upload, request: Request) -> Reply:
        if request.method == "DELETE":
            del self.drive.uploads[request.query["upload_id"]]
            return Reply(499)
        span = request.headers.get("content-range", "")
        found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+)", span)
        total = int(found[2]) if found else len(request.body)
        if upload.file is None and found and found[1]:
            upload.received[int(found[1]) :] = request.body[: self.upload_piece]
        if upload.file is None and len(upload.received) < total:
            kept = len(upload.received)
            return Reply(308, b"", {"Range": f"bytes=0-{kept - 1}"} if kept else {})
        if upload.file is None:
            upload.file = self.drive.add(
                upload.title,
                upload.parent,
                mime_type=upload.mime_type,
                content=bytes(upload.received),
            )
            upload.file.shown_from = time.monotonic() + self.listing_lag
            upload.file.checked_from = time.monotonic() + self.checksum_lag
        return Reply.of(upload.file.resource(upload.email))

    def _remove(self, file: File) -> None:
        for child in self.drive.children(file):
            self._remove(child)
        del self.drive.files[file.id]


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _verified(account: Account, signed: str, signature: str) -> bool:
    try:
        account.public_key.verify(
            _decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    return True
