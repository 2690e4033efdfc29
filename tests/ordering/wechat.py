"""WeChat Pay as its merchants see it: a server on loopback that speaks its wire formats and signs as it does.

Its keys are made when the tests begin, and belong to nobody. What it answers and notifies follows the
documents of API v3: signatures over method, address, moment, nonce and body, resources sealed with AES-GCM.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.ordering.adapters.wechat_settings import WeChatSettings

Wire = dict[str, Any]
MERCHANT, APP, SERIAL = "1900009191", "wxd678efh567hg6787", "444F4864EA9B34415D3F"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000091912024081900000000001"
API_V3_KEY = "only-for-tests-32-characters-lng"


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


MERCHANT_KEY, PLATFORM_KEY, STRANGERS_KEY = _new_key(), _new_key(), _new_key()


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def settings(gateway: str | None = None) -> WeChatSettings:
    return WeChatSettings(
        merchant_id=MERCHANT,
        app_id=APP,
        certificate_serial=SERIAL,
        notify_url="https://shop.example/v1/payment-notifications/wechat",
        private_key=private_pem(MERCHANT_KEY),
        api_v3_key=API_V3_KEY,
        public_key=public_pem(PLATFORM_KEY),
        public_key_id=PUBLIC_KEY_ID,
        gateway=gateway,
    )


# -- what WeChat Pay signs ---------------------------------------------------------------------------


def signed(body: str, *, key: rsa.RSAPrivateKey = PLATFORM_KEY, at: float | None = None) -> dict[str, str]:
    """The headers that go with ``body``."""
    moment, nonce = str(int(time.time() if at is None else at)), secrets.token_hex(16)
    signature = key.sign(f"{moment}\n{nonce}\n{body}\n".encode(), padding.PKCS1v15(), hashes.SHA256())
    return {
        "Wechatpay-Serial": PUBLIC_KEY_ID,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Timestamp": moment,
        "Wechatpay-Nonce": nonce,
    }


def notification(event_type: str, resource: Wire, *, api_v3_key: str = API_V3_KEY) -> str:
    """The body of a notification about ``resource``, which is sealed in it."""
    kind = "refund" if event_type.startswith("REFUND") else "transaction"
    nonce = secrets.token_hex(6)
    sealed = AESGCM(api_v3_key.encode()).encrypt(
        nonce.encode(), json.dumps(resource, ensure_ascii=False).encode(), kind.encode()
    )
    return json.dumps(
        {
            "id": "EV-2018022511223320873",
            "create_time": "2026-01-05T18:34:56+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功" if kind == "transaction" else "退款通知",
            "resource": {
                "original_type": kind,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": kind,
                "nonce": nonce,
            },
        },
        ensure_ascii=False,
    )


def transaction(payment_id: str, number: str, total: int, state: str = "SUCCESS") -> Wire:
    return {
        "appid": APP,
        "mchid": MERCHANT,
        "out_trade_no": number,
        "transaction_id": f"42000{number[:20]}",
        "trade_type": "NATIVE",
        "trade_state": state,
        "trade_state_desc": "支付成功",
        "bank_type": "CMC",
        "attach": payment_id,
        "success_time": "2026-01-05T18:34:50+08:00",
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "amount": {"total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY"},
    }


def refund_resource(out_refund_no: str, status: str, amount: int = 100) -> Wire:
    return {
        "mchid": MERCHANT,
        "transaction_id": "4200000000000000000000000001",
        "out_trade_no": "a-trade",
        "refund_id": "50200207182018070300011301001",
        "out_refund_no": out_refund_no,
        "refund_status": status,
        "success_time": "2026-01-05T18:40:00+08:00",
        "user_received_account": "招商银行信用卡0403",
        "amount": {"total": 999, "refund": amount, "payer_total": 999, "payer_refund": amount},
    }


# -- the server --------------------------------------------------------------------------------------


@dataclass
class Books:
    """What the server knows; tests write in it."""

    trades: dict[str, Wire] = field(default_factory=dict)
    refunds: dict[str, Wire] = field(default_factory=dict)
    bills: dict[str, str] = field(default_factory=dict)
    # Answers that come before anything else, by the beginning of the address.
    instead: dict[str, tuple[int, Wire]] = field(default_factory=dict)
    signs_with: rsa.RSAPrivateKey = PLATFORM_KEY
    asked: list[tuple[str, str, Wire]] = field(default_factory=list)
    pays_on_query: bool = False


class _Handler(BaseHTTPRequestHandler):
    books: ClassVar[Books]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET", "")

    def do_POST(self) -> None:
        self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, method: str, body: str) -> None:
        if not self._is_signed(method, body):
            self._send(401, {"code": "SIGN_ERROR", "message": "签名错误"})
            return
        given = json.loads(body) if body else {}
        self.books.asked.append((method, self.path, given))
        for path, answer in self.books.instead.items():
            if self.path.startswith(path):
                self._send(*answer)
                return
        self._send(*self._known(method, given))

    def _known(self, method: str, given: Wire) -> tuple[int, Wire | str | bytes]:
        books, path = self.books, self.path.partition("?")[0]
        if path in {"/v3/pay/transactions/native", "/v3/pay/transactions/jsapi"}:
            books.trades.setdefault(
                given["out_trade_no"],
                transaction(given["attach"], given["out_trade_no"], given["amount"]["total"], "NOTPAY"),
            )
            if path.endswith("native"):
                return 200, {"code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}
            return 200, {"prepay_id": "wx201410272009395522657a690389285100"}
        if found := re.fullmatch(r"/v3/pay/transactions/out-trade-no/([^/]+)(/close)?", path):
            return self._trade(found[1], closes=found[2] is not None)
        if path == "/v3/refund/domestic/refunds" and method == "POST":
            return 200, self._refund(given)
        if found := re.fullmatch(r"/v3/refund/domestic/refunds/(.+)", path):
            refund = books.refunds.get(found[1])
            return (
                (200, refund) if refund else (404, {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"})
            )
        if path == "/v3/bill/tradebill":
            return self._bill(re.search(r"bill_date=([\d-]+)", self.path)[1])  # type: ignore[index]
        if path == "/v3/billdownload/file":
            day = re.search(r"token=([\d-]+)", self.path)[1]  # type: ignore[index]
            return 200, gzip.compress(books.bills[day].encode())
        return 404, {"code": "NOT_FOUND", "message": self.path}

    def _trade(self, number: str, *, closes: bool) -> tuple[int, Wire | str]:
        trade = self.books.trades.get(number)
        if trade is None:
            return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
        if not closes:
            seen = dict(trade)
            if self.books.pays_on_query:
                trade["trade_state"] = "SUCCESS"
            return 200, seen
        if trade["trade_state"] == "SUCCESS":
            return 400, {"code": "ORDERPAID", "message": "订单已支付"}
        trade["trade_state"] = "CLOSED"
        return 204, ""

    def _refund(self, given: Wire) -> Wire:
        return self.books.refunds.setdefault(
            given["out_refund_no"],
            {
                "refund_id": "50000000382019052709732678859",
                "out_refund_no": given["out_refund_no"],
                "transaction_id": given["transaction_id"],
                "out_trade_no": "a-trade",
                "channel": "ORIGINAL",
                "user_received_account": "招商银行信用卡0403",
                "create_time": "2026-01-05T18:38:00+08:00",
                "status": "PROCESSING",
                "amount": {**given["amount"], "payer_total": given["amount"]["total"]},
            },
        )

    def _bill(self, day: str) -> tuple[int, Wire]:
        if day not in self.books.bills:
            return 400, {"code": "NO_STATEMENT_EXIST", "message": "账单文件不存在"}
        host, port = self.server.server_address[:2]
        return 200, {
            "hash_type": "SHA1",
            "hash_value": sha1(self.books.bills[day].encode(), usedforsecurity=False).hexdigest(),
            "download_url": f"http://{host!s}:{port}/v3/billdownload/file?token={day}",
        }

    def _send(self, status: int, content: Wire | str | bytes) -> None:
        body = content if isinstance(content, bytes) else b""
        if isinstance(content, dict):
            body = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        if isinstance(content, bytes):
            self.send_header("Content-Type", "application/x-gzip")
        else:
            self.send_header("Content-Type", "application/json; charset=utf-8")
            for name, value in signed(body.decode(), key=self.books.signs_with).items():
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _is_signed(self, method: str, body: str) -> bool:
        said = dict(re.findall(r'(\w+)="([^"]*)"', self.headers.get("Authorization", "")))
        if (said.get("mchid"), said.get("serial_no")) != (MERCHANT, SERIAL):
            return False
        text = f"{method}\n{self.path}\n{said['timestamp']}\n{said['nonce_str']}\n{body}\n"
        try:
            MERCHANT_KEY.public_key().verify(
                base64.b64decode(said["signature"]), text.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return False
        return True


@contextmanager
def serving() -> Iterator[tuple[str, Books]]:
    """The address of a server of its own, and its books."""
    handler = type("Handler", (_Handler,), {"books": Books()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.books
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
