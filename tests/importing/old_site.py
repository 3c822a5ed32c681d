"""An installation of the original server, as Django would have made it."""

import base64
import hashlib
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import jwt

SECRET_KEY = "s3cr3t-of-the-original-8zq!v0&k2x(4w9c5e7r1t6y3u0i$"

_SCHEMA = """
CREATE TABLE "django_content_type" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app_label" varchar(100) NOT NULL,
    "model" varchar(100) NOT NULL);
CREATE TABLE "auth_permission" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "content_type_id" integer NOT NULL REFERENCES "django_content_type" ("id"),
    "codename" varchar(100) NOT NULL, "name" varchar(255) NOT NULL);
CREATE TABLE "auth_user" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL,
    "last_login" datetime NULL, "is_superuser" bool NOT NULL,
    "username" varchar(150) NOT NULL UNIQUE, "last_name" varchar(150) NOT NULL,
    "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL, "is_active" bool NOT NULL,
    "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL);
CREATE TABLE "auth_user_user_permissions" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "user_id" integer NOT NULL REFERENCES "auth_user" ("id"),
    "permission_id" integer NOT NULL REFERENCES "auth_permission" ("id"));
CREATE TABLE "server_site" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(100) NOT NULL);
CREATE TABLE "server_alisthost" (
    "site_id" bigint NOT NULL PRIMARY KEY REFERENCES "server_site" ("id"),
    "host" varchar(200) NOT NULL);
CREATE TABLE "server_voicekey" (
    "site_id" bigint NOT NULL PRIMARY KEY REFERENCES "server_site" ("id"),
    "agora_key" varchar(100) NOT NULL, "agora_certification" varchar(100) NOT NULL);
CREATE TABLE "server_channel" (
    "channel_id" varchar(100) NOT NULL PRIMARY KEY, "name" varchar(100) NOT NULL,
    "allow_new_client" bool NOT NULL);
CREATE TABLE "server_alistaccount" (
    "channel_id" varchar(100) NOT NULL PRIMARY KEY REFERENCES "server_channel" ("channel_id"),
    "username" varchar(100) NOT NULL, "password" varchar(100) NOT NULL);
CREATE TABLE "server_bilibiliaccount" (
    "channel_id" varchar(100) NOT NULL PRIMARY KEY REFERENCES "server_channel" ("channel_id"),
    "sess" text NOT NULL, "bili_jct" text NOT NULL, "refresh_token" text NOT NULL);
CREATE TABLE "server_videorecord" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "channel_id" varchar(100) NOT NULL REFERENCES "server_channel" ("channel_id"),
    "record_id" varchar(200) NOT NULL, "title" varchar(200) NOT NULL,
    "thumb_url" varchar(200) NULL, "source" varchar(50) NOT NULL, "path" text NOT NULL,
    "position" real NOT NULL, "updated_at" datetime NOT NULL);
CREATE TABLE "server_subtitle" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "record_id" bigint NOT NULL REFERENCES "server_videorecord" ("id"),
    "uploader_id" integer NULL REFERENCES "auth_user" ("id"),
    "name" varchar(200) NOT NULL, "file" varchar(100) NOT NULL);
CREATE TABLE "server_clientlog" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "channel_id" varchar(100) NOT NULL,
    "uploader_id" integer NULL REFERENCES "auth_user" ("id"),
    "created_at" datetime NOT NULL, "file" varchar(100) NOT NULL);
CREATE TABLE "server_linkerconfig" (
    "linker_id" varchar(100) NOT NULL PRIMARY KEY, "enabled" bool NOT NULL);
"""

SUBTITLE = b"1\n00:00:01,000 --> 00:00:02,000\nHello.\n"
JOINED = "2025-03-04 05:06:07.123456"
PASSWORD = "the-players-own-long-password"

_ITERATIONS = 1_000


def django_hash(password: str, salt: str = "seasalt") -> str:
    """Return what Django keeps of a password, made in less time than Django takes."""
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), _ITERATIONS)
    return f"pbkdf2_sha256${_ITERATIONS}${salt}${base64.b64encode(digest).decode()}"


def old_token(user_id: int, kind: str = "access", key: str = SECRET_KEY) -> str:
    """Return a token as SimpleJWT issues it."""
    now = int(time.time())
    claims = {
        "token_type": kind,
        "exp": now + 86_400,
        "iat": now,
        "jti": uuid4().hex,
        "user_id": str(user_id),
    }
    return jwt.encode(claims, key, algorithm="HS256")


@dataclass(frozen=True)
class OldSite:
    """Its folder has the database and the media folder."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "db.sqlite3"

    @property
    def media(self) -> Path:
        return self.folder / "media"

    def change(self, query: str, *values: object) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(query, values)

    def add_user(self, name: str, **facts: object) -> None:
        row = {
            "username": name,
            "password": django_hash(PASSWORD),
            "is_superuser": False,
            "is_staff": False,
            "is_active": True,
            "date_joined": JOINED,
            "last_name": "",
            "first_name": "",
            "email": "",
            **facts,
        }
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        self.change(f"INSERT INTO auth_user ({names}) VALUES ({marks})", *row.values())

    def add_member(self, channel: str, user: str) -> None:
        self.change(
            "INSERT INTO auth_permission (content_type_id, codename, name) SELECT 1, ?, ''"
            " WHERE NOT EXISTS (SELECT 1 FROM auth_permission WHERE codename = ?)",
            f"channel_{channel}",
            f"channel_{channel}",
        )
        self.change(
            "INSERT INTO auth_user_user_permissions (user_id, permission_id) SELECT u.id, p.id"
            " FROM auth_user u, auth_permission p WHERE u.username = ? AND p.codename = ?",
            user,
            f"channel_{channel}",
        )

    def add_file(self, name: str, content: bytes) -> None:
        path = self.media / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def empty_site(folder: Path) -> OldSite:
    """Make an installation with nothing in it."""
    site = OldSite(folder)
    site.media.mkdir(parents=True)
    with closing(sqlite3.connect(site.database)) as connection:
        connection.executescript(_SCHEMA)
    site.change("INSERT INTO django_content_type VALUES (1, 'server', 'channel')")
    for verb in ("add", "change", "delete", "view"):
        site.change(
            "INSERT INTO auth_permission (content_type_id, codename, name) VALUES (1, ?, '')",
            f"{verb}_channel",
        )
    return site


def lived_in_site(folder: Path) -> OldSite:
    """Make an installation with something of everything: 2 admins, 3 players, 2 channels."""
    site = empty_site(folder)
    site.add_user("root", is_superuser=True, is_staff=True)
    site.add_user("helper", is_staff=True)
    site.add_user("ann")
    site.add_user("bob")
    site.add_user("off", is_active=False)
    site.change("UPDATE sqlite_sequence SET seq = 20 WHERE name = 'auth_user'")
    site.change("INSERT INTO server_site (name) VALUES ('Film club')")
    site.change("INSERT INTO server_alisthost VALUES (1, 'https://alist.example.org')")
    site.change("INSERT INTO server_voicekey VALUES (1, ?, ?)", "0" * 31 + "1", "f" * 32)
    site.change("INSERT INTO server_channel VALUES ('lobby', 'Lobby', 1)")
    site.change("INSERT INTO server_channel VALUES ('film/night é', 'Film night', 0)")
    site.add_member("lobby", "ann")
    site.add_member("lobby", "off")
    site.add_member("film/night é", "ann")
    site.add_member("film/night é", "bob")
    site.change("INSERT INTO server_alistaccount VALUES ('lobby', 'reader', 'al1st')")
    site.change("INSERT INTO server_bilibiliaccount VALUES ('lobby', 'sess', 'jct', 'refresh')")
    site.change(
        "INSERT INTO server_videorecord VALUES"
        " (1, 'lobby', 'film-1', 'A film', NULL, 'alist', '/films/1.mkv', 61.5, ?)",
        JOINED,
    )
    site.change("INSERT INTO server_subtitle VALUES (1, 1, 3, 'My.Sub', 'subtitles/My_o1.srt')")
    site.change("INSERT INTO server_clientlog VALUES (1, 'lobby', 3, ?, 'logs/app.log')", JOINED)
    site.change("INSERT INTO server_linkerconfig VALUES ('Slow', 0), ('quick', 1)")
    site.add_file("subtitles/My_o1.srt", SUBTITLE)
    site.add_file("logs/app.log", b"line 1\n")
    return site
