"""Checks of faults: what goes wrong in between arrives as one of our errors.

The rig's `fail(word)` arranges that the next call meets a fault. Words: "429" and "503" (come back later), "429-after"
(with Retry-After), "500" (fault inside), "timeout" and "cut" (no answer; a write may have happened), "garbage" (an
answer that is none), "401" (our session or rights are gone for good), "expired" (a session that can be renewed).
"""

from __future__ import annotations

from collections.abc import Callable

from hefu.core.errors import Denied, HubError, Transient, Unanswered
from hefu.core.records import Write, Written
from hefu.sim.checks_write import creates
from hefu.sim.rig import NotCalledFor, Rig, check, expect

WORDS = ("429", "429-after", "503", "500", "timeout", "cut", "garbage", "401", "expired")


def _meets(rig: Rig, word: str, work: Callable[[], object]) -> object:
    """What comes of some work that meets a fault: its result, or the error."""
    if word not in rig.faults:
        raise NotCalledFor(f"the rig's fail() does not know {word}")
    rig.fail(word)  # type: ignore[misc]
    try:
        return work()
    except HubError as error:
        return error


def _read(rig: Rig) -> object:
    return list(rig.connector.read(rig.object))


def _write(rig: Rig) -> object:
    return rig.write(Write(None, rig.new(), token="hefu-conformance-fault"))[0]  # noqa: S106 - no password


@check("faults", "限流报告为可重试", hands=["fail"])
def throttled_read_is_transient(rig: Rig) -> None:
    """Too many calls: Transient"""
    told = _meets(rig, "429", lambda: _read(rig))
    expect(isinstance(told, Transient), f"429 on a read gave {told!r:.200}, not Transient")


@check("faults", "限流时遵守系统给出的等待时间", hands=["fail"])
def retry_after_is_kept(rig: Rig) -> None:
    """Too many calls with Retry-After: Transient that says when"""
    told = _meets(rig, "429-after", lambda: _read(rig))
    expect(isinstance(told, Transient), f"429 on a read gave {told!r:.200}, not Transient")
    expect(isinstance(told, Transient) and told.after, "Retry-After was lost")


@check("faults", "读取时的系统故障可重试", hands=["fail"])
def fault_on_read_is_transient(rig: Rig) -> None:
    """A fault, a time-out, a cut or garbage on a read: Transient"""
    words = [w for w in ("500", "503", "timeout", "cut", "garbage") if w in rig.faults]
    if not words:
        raise NotCalledFor("the rig's fail() knows none of these faults")
    for word in words:
        told = _meets(rig, word, lambda: _read(rig))
        expect(isinstance(told, Transient), f"{word} on a read gave {told!r:.200}, not Transient")
    _read(rig)


@check("faults", "写入无应答时结果未知", when=creates, hands=["fail"], writes=True)
def unanswered_write_is_unanswered(rig: Rig) -> None:
    """A time-out or a cut on a write: Unanswered, for it may have happened"""
    words = [w for w in ("timeout", "cut") if w in rig.faults]
    if not words:
        raise NotCalledFor("the rig's fail() knows neither timeout nor cut")
    for word in words:
        told = _meets(rig, word, lambda: _write(rig))
        expect(isinstance(told, Unanswered), f"{word} on a write gave {told!r:.200}, not Unanswered")
    expect(isinstance(_write(rig), Written), "after the fault a create does not go through")


@check("faults", "写入被限流时可重试且未写入", when=creates, hands=["fail"], writes=True)
def throttled_write_is_transient(rig: Rig) -> None:
    """Too many calls on a write: Transient, and nothing was written"""
    before = len(rig.read().by_id)
    told = _meets(rig, "429", lambda: _write(rig))
    expect(isinstance(told, Transient), f"429 on a write gave {told!r:.200}, not Transient")
    rig.lag()
    expect(len(rig.read().by_id) == before, "a throttled write was carried out")


@check("faults", "权限丢失报告为拒绝访问", hands=["fail"])
def lost_right_is_denied(rig: Rig) -> None:
    """A right that is taken away: Denied"""
    told = _meets(rig, "401", lambda: _read(rig))
    expect(isinstance(told, Denied), f"401 on a read gave {told!r:.200}, not Denied")


@check("faults", "会话过期自动续期", hands=["fail"])
def session_is_renewed(rig: Rig) -> None:
    """A session that ends is renewed without an error"""
    told = _meets(rig, "expired", lambda: _read(rig))
    expect(not isinstance(told, HubError), f"an expired session gave {told!r:.200}")
