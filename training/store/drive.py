"""Google Drive beside DVC: the contents of a folder and our permissions there, by API v2.

It authenticates exactly as DVC does, so that it succeeds and fails with DVC. Unlike DVC it
retries transient failures and gives up on a response after `ANSWER_SECONDS`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from training.store import failures, remotes
from training.store.dvc import log
from training.store.objects import StoredObject
from training.store.pointer import object_path
from training.store.remotes import Remote
from training.store.retry import run_with_retries

FOLDER: Final = "application/vnd.google-apps.folder"
ANSWER_SECONDS: Final = 60
_PAUSE: Final = 2.0
_PARENTS_PER_QUERY: Final = 100
_UPLOAD: Final = (
    "https://www.googleapis.com/upload/drive/v2/files?uploadType=resumable&supportsAllDrives=true"
)


class Drive:
    """Calls of Drive API v2. Every method raises `StoreError`."""

    def __init__(self, remote: Remote) -> None:
        from pydrive2.fs.spec import GDriveAuthError  # type: ignore[import-untyped]

        # Without a person's token PyDrive2 would open a browser and wait.
        os.environ.setdefault("GDRIVE_NON_INTERACTIVE", "1")
        filesystem, _ = remotes.objects(remote)
        try:
            self._authorization = filesystem.fs.client.auth
        except GDriveAuthError as error:
            raise failures.explain(f"{error}: {error.__cause__}", "Drive") from error
        self._authorization.http_timeout = ANSWER_SECONDS
        self._http = self._authorization.http = self._authorization.Get_Http_Object()
        self._service = self._authorization.service

    def sign(self) -> None:
        """Sign one byte with the service account's key, here and without Google."""
        try:
            self._authorization.credentials.sign_blob(b"?")
        except (AttributeError, ValueError, OSError) as error:
            raise failures.explain(f"Failed to authenticate GDrive: {error}", "Drive") from error

    def refresh_token(self) -> None:
        """Get an access token from Google; it is valid for an hour."""
        self._guard(self._authorization.Refresh)

    def about(self) -> dict[str, Any]:
        """The authenticated account, and the quota that Google reports."""
        fields = "user(emailAddress),quotaBytesTotal,quotaBytesUsed,quotaType"
        return dict(self._call(self._service.about().get(fields=fields)))

    def folder(self, id_: str) -> dict[str, Any]:
        """A folder's metadata and our permissions on it."""
        fields = (
            "id,title,mimeType,driveId,labels(trashed),"
            "capabilities(canAddChildren,canTrashChildren,canDeleteChildren)"
        )
        call = self._service.files().get(fileId=id_, supportsAllDrives=True, fields=fields)
        return dict(self._call(call))

    def shared_drive(self, id_: str) -> dict[str, Any]:
        """A shared drive's name."""
        return dict(self._call(self._service.drives().get(driveId=id_, fields="id,name")))

    def children(
        self, parents: Collection[str], drive_id: str | None, also: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Items of these folders, trashed ones too; `also` narrows the query."""
        wanted = sorted(parents)
        for start in range(0, len(wanted), _PARENTS_PER_QUERY):
            some = wanted[start : start + _PARENTS_PER_QUERY]
            query = " or ".join(f"'{id_}' in parents" for id_ in some)
            arguments = {
                "q": f"({query}){also}",
                "corpora": "drive" if drive_id else "default",
                "supportsAllDrives": True,
                "includeItemsFromAllDrives": True,
                "maxResults": 1000,
                "fields": "nextPageToken,items(id,title,mimeType,parents(id),"
                "labels(trashed),fileSize,md5Checksum)",
            } | ({"driveId": drive_id} if drive_id else {})
            token = None
            while True:
                page = self._call(self._service.files().list(**arguments, pageToken=token))
                yield from page.get("items", [])
                token = page.get("nextPageToken")
                if not token:
                    break

    def subfolders(
        self, parents: Collection[str], drive_id: str | None, title: str
    ) -> list[dict[str, Any]]:
        """The folders of that title in these folders; Drive allows several."""
        quoted = title.replace("\\", "\\\\").replace("'", "\\'")
        also = f" and title = '{quoted}' and mimeType = '{FOLDER}'"
        found = self.children(parents, drive_id, also)
        return [item for item in found if item["title"] == title]

    def read(self, id_: str) -> bytes:
        """The content of a file."""
        return bytes(self._call(self._service.files().get_media(fileId=id_)))

    def trash(self, id_: str) -> None:
        """Move a file into the trash."""
        self._call(self._service.files().trash(fileId=id_, supportsAllDrives=True))

    def try_upload(self, parent: str, size: int) -> None:
        """Open an upload session for `size` bytes in a folder and cancel it: no file is made."""
        headers = {
            "Content-Type": "application/json",
            "X-Upload-Content-Type": "application/octet-stream",
            "X-Upload-Content-Length": str(size),
        }
        body = json.dumps({"title": ".doctor", "parents": [{"id": parent}]})

        def begin() -> str:
            from googleapiclient.errors import HttpError  # type: ignore[import-untyped]

            answer, content = self._http.request(_UPLOAD, "POST", body, headers)
            if answer.status != 200:
                raise HttpError(answer, content, _UPLOAD)
            return str(answer["location"])

        session = self._guard(begin)
        self._guard(lambda: self._http.request(session, "DELETE", "", {"Content-Length": "0"}))

    def _call(self, request: Any) -> Any:
        return self._guard(lambda: request.execute(self._http))

    def _guard(self, send: Callable[[], Any]) -> Any:
        from googleapiclient.errors import Error
        from httplib2 import HttpLib2Error  # type: ignore[import-untyped]
        from pydrive2.auth import RefreshError  # type: ignore[import-untyped]

        def attempt(_: float) -> Any:
            try:
                return send()
            except (Error, RefreshError, HttpLib2Error, OSError) as error:
                log("Drive", type(error).__name__, str(error))
                # A proxy may drop it in the pause, and a POST on a dropped one is not repeated.
                self._http.close()
                raise failures.explain(str(error), "Drive") from error

        return run_with_retries(attempt, pause=_PAUSE)


class DriveObjectStore:
    """Objects of a Drive remote, compared by Drive's own `md5Checksum`: nothing is downloaded."""

    def __init__(self, remote: Remote) -> None:
        self._drive, self._remote = Drive(remote), remote
        self._drive.refresh_token()

    def copies(self, oids: Collection[str]) -> list[StoredObject]:
        top = self._drive.folder(self._remote.folder_id)
        drive_id = top.get("driveId")
        folders = {top["id"]}
        for title in (*self._remote.subpath, "files", "md5"):
            found = self._drive.subfolders(folders, drive_id, title)
            folders = {item["id"] for item in found}
            if not folders:
                return []
        wanted = {object_path(oid): oid for oid in oids}
        prefixes = {
            item["id"]: item["title"]
            for item in self._drive.children(folders, drive_id, f" and mimeType = '{FOLDER}'")
            if any(item["title"] == prefix for prefix, _ in wanted)
        }
        if not prefixes:
            return []
        return [
            StoredObject(
                oid,
                item.get("md5Checksum", ""),
                int(item.get("fileSize", 0)),
                item["id"],
                bool(item["labels"]["trashed"]),
            )
            for item in self._drive.children(prefixes, drive_id)
            if (oid := wanted.get((prefixes[item["parents"][0]["id"]], item["title"])))
        ]

    def read(self, copy: StoredObject) -> bytes:
        return self._drive.read(copy.location)

    def discard(self, copy: StoredObject) -> None:
        self._drive.trash(copy.location)
