"""E-mail over SMTP, encrypted unless that is switched off."""

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pydantic import SecretStr

from capsule_adapters.rest.secrets import redacted
from capsule_domain.errors import NotDelivered
from capsule_domain.models.channels import ChannelName, EmailChannel, SmtpSecurity
from capsule_domain.models.notification import Notification
from capsule_domain.services.alert_words import lines, one_line, title

_SECONDS = 10.0
_MOST_LINES = 200
_SAID_CHARS = 120

_log = logging.getLogger("capsule.notify")


class EmailNotifier:
    """Sends one message to all recipients. `settings` are whole: enabled, or about to be.

    All messages of a thread answer the same Message-ID, so that firing and resolved stand
    together; one that is sent again has the id that it had.
    """

    def __init__(
        self,
        settings: EmailChannel,
        password: SecretStr | None,
        *,
        timeout_seconds: float = _SECONDS,
    ) -> None:
        self._settings = settings
        self._timeout_seconds = timeout_seconds
        self._password = password

    @property
    def channel(self) -> str:
        return ChannelName.EMAIL.value

    def send(self, notification: Notification) -> None:
        """Raises NotDelivered unless the server took it for at least one recipient."""
        try:
            with self._connection() as server:
                refused = server.send_message(mail(notification, self._settings))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise self._failure("it refuses every recipient", codes) from error
        except smtplib.SMTPNotSupportedError as error:
            raise self._failure(_unsupported(self._settings)) from error
        except smtplib.SMTPResponseException as error:
            codes = [error.smtp_code] if isinstance(error, smtplib.SMTPDataError) else []
            raise self._failure(self._said(error), codes) from error
        except ssl.SSLCertVerificationError as error:
            raise self._failure(f"its certificate: {error.verify_message}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise self._failure(_cause(error)) from error
        if refused:
            _log.warning("%d of the e-mail's recipients were refused", len(refused))

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """A server that is ready to take a message. How it says good-bye does not matter."""
        context = ssl.create_default_context()
        if self._settings.ca_file:
            context.load_verify_locations(self._settings.ca_file)
        server = self._connect(context)
        try:
            if self._settings.security is SmtpSecurity.STARTTLS:
                server.starttls(context=context)
            if self._settings.username:
                server.login(self._settings.username, self._secret)
            yield server
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        settings = self._settings
        host, port = settings.host or "", settings.reached_at
        whom = (settings.sender or "").rpartition("@")[2]  # asking DNS for our own name may hang
        if settings.security is SmtpSecurity.TLS:
            return smtplib.SMTP_SSL(
                host, port, whom, timeout=self._timeout_seconds, context=context
            )
        return smtplib.SMTP(host, port, whom, timeout=self._timeout_seconds)

    @property
    def _secret(self) -> str:
        return self._password.get_secret_value() if self._password else ""

    def _said(self, error: smtplib.SMTPResponseException) -> str:
        """The server's own words. It may quote what it was told."""
        raw = error.smtp_error
        text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
        clean = redacted(text, [self._password] if self._password else [])
        return f"{error.smtp_code} {one_line(clean, _SAID_CHARS)}"

    def _failure(self, why: str, codes: list[int] | None = None) -> NotDelivered:
        """`codes` are the server's verdicts on the message: from 500 on they are final."""
        where = f"{self._settings.host}:{self._settings.reached_at}"
        final = bool(codes) and all(code >= 500 for code in codes or ())
        return NotDelivered(self.channel, f"{where}: {why}", for_good=final)


def mail(notification: Notification, settings: EmailChannel) -> EmailMessage:
    """The message. The library refuses a line break in any header."""
    sender = settings.sender or ""
    domain = sender.rpartition("@")[2]
    made = EmailMessage(policy=SMTP)
    made["From"] = f"Capsule <{sender}>"
    made["To"] = ", ".join(settings.recipients)
    made["Subject"] = f"[capsule] {title(notification)}"
    made["Date"] = format_datetime(notification.created_at)
    made["Message-ID"] = f"<{notification.id}.capsule@{domain}>"
    made["In-Reply-To"] = made["References"] = f"<thread-{notification.thread}.capsule@{domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("\n".join([title(notification), "", *lines(notification, most=_MOST_LINES)]))
    return made


def _unsupported(settings: EmailChannel) -> str:
    if settings.security is SmtpSecurity.STARTTLS:
        return "it does not offer STARTTLS, or no way to log in; nothing was sent"
    return "it does not offer what is needed; nothing was sent"


def _cause(error: Exception) -> str:
    # Of a server that says nothing smtplib makes one that hung up.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionResetError):
        return "it hung up"
    if isinstance(error, FileNotFoundError):
        return "ca_file is not there"
    if isinstance(error, ssl.SSLError):
        return "no TLS could be agreed on"
    if isinstance(error, OSError):
        return one_line(error.strerror or "no connection").lower()
    return "it does not speak SMTP"
