"""The workflow of a form: a started record waits as a task on somebody's desk, and moves when that one decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hefu.sandbox.frame import Ledger
from hefu.sandbox.jiandaoyun import people
from hefu.sandbox.jiandaoyun.book import Book
from hefu.sandbox.jiandaoyun.forms import APP, Form, Refused
from hefu.sandbox.jiandaoyun.values import instant
from hefu.sandbox.shelf import Event, Kept

APPROVER = "zhangmin"
RUNNING, DONE, ENDED = 0, 1, 2
MOST = 100
NO_MEMBER, NO_TASK = 1010, 5003
Given = dict[str, Any]


class Flow:
    """Tasks over the book. A record that starts its flow, by a call or at the screen, gets one."""

    def __init__(self, book: Book, ledger: Ledger) -> None:
        self.book, self.ledger = book, ledger
        book.shelf.listeners.append(self._heard)
        self.calls: dict[str, tuple[int, Callable[[Given], Mapping[str, Any]]]] = {
            "v6/workflow/instance/get": (30, self._instance),
            "v1/workflow/instance/logs": (30, self._logs),
            "v1/workflow/instance/close": (20, self._ruled(self._close)),
            "v1/workflow/instance/activate": (20, self._ruled(self._activate)),
            "v6/workflow/task/list": (30, self._tasks),
            "v3/workflow/task/list": (30, self._tasks),
            "v1/workflow/task/approve": (20, self._ruled(lambda given: self._decide(given, "forward"))),
            "v1/workflow/task/reject": (20, self._ruled(lambda given: self._decide(given, "reject"))),
            "v1/workflow/task/transfer": (20, self._ruled(self._transfer)),
        }

    def _heard(self, event: Event) -> None:
        if event.kind == "created" and event.doc.get("flowState") == RUNNING:
            self._open(event.obj, event.id, APPROVER)

    def _open(self, key: str, data_id: str, username: str) -> None:
        task = {
            "instance_id": data_id,
            "form": key,
            "username": username,
            "status": 0,
            "node": "审批",
            "create_time": instant(self.book.clock.now()),
        }
        self.book.shelf.load("task", [(self.book.new_id(), task, self.book.clock.now())])

    # ------------------------------------------------------------------ reading

    def _found(self, given: Given) -> tuple[Form, Kept]:
        data_id = str(given.get("instance_id", ""))
        for form in self.book.forms():
            kept = self.book.shelf.kept(form.key, data_id)
            if kept is not None and not kept.deleted and kept.doc.get("flowState") is not None:
                return form, kept
        raise Refused(NO_TASK, "流程实例不存在")

    def _instance(self, given: Given) -> Mapping[str, Any]:
        form, kept = self._found(given)
        told: dict[str, Any] = {
            "instance_id": kept.id,
            "app_id": APP[0],
            "entry_id": form.entry_id,
            "form_title": form.name,
            "status": kept.doc["flowState"],
            "creator": people.somebody(kept.doc["creator"]),
            "update_time": instant(kept.modified),
        }
        if kept.doc["flowState"] == DONE:
            told["result"] = kept.doc.get("flowResult", 1)
        if given.get("tasks_type") == 1:
            told["tasks"] = [self._told(task) for task in self._of(kept.id)]
        return told

    def _of(self, data_id: str) -> list[Kept]:
        return self.book.shelf.rows("task", by={"instance_id": data_id})

    def _told(self, task: Kept) -> dict[str, Any]:
        form = self.book.form(task.doc["form"])
        told: dict[str, Any] = {
            "task_id": task.id,
            "app_id": APP[0],
            "entry_id": form.entry_id,
            "form_title": form.name,
        }
        told |= {"instance_id": task.doc["instance_id"], "flow_name": task.doc["node"], "status": task.doc["status"]}
        told |= {"assignee": people.somebody(task.doc["username"]), "create_time": task.doc["create_time"]}
        return told | {n: task.doc[n] for n in ("finish_time", "finish_action") if n in task.doc}

    def _tasks(self, given: Given) -> Mapping[str, Any]:
        name = str(given.get("username", ""))
        if people.member(name) is None:
            raise Refused(NO_MEMBER, "成员不存在")
        skip, limit = int(given.get("skip", 0)), min(int(given.get("limit", 10)), MOST)
        found = self.book.shelf.rows("task", by={"username": name, "status": 0})
        part = found[skip : skip + limit]
        return {"has_more": skip + limit < len(found), "tasks": [self._told(task) for task in part]}

    def _logs(self, given: Given) -> Mapping[str, Any]:
        _, kept = self._found(given)
        done = [task for task in self._of(kept.id) if "finish_action" in task.doc]
        skip, limit = int(given.get("skip", 0)), min(int(given.get("limit", 10)), MOST)
        logs = [
            {
                "flow_node_name": task.doc["node"],
                "flow_action": task.doc["finish_action"],
                "comment": task.doc.get("comment", ""),
                "operator": people.somebody(task.doc["username"]),
                "create_time": task.doc["finish_time"],
            }
            for task in done
        ]
        return {"logs": logs[skip : skip + limit]}

    # ----------------------------------------------------------------- deciding

    def _ruled(self, do: Callable[[Given], None]) -> Callable[[Given], Mapping[str, Any]]:
        """Verbs of the workflow answer 200 also when they refuse."""

        def call(given: Given) -> Mapping[str, Any]:
            try:
                do(given)
            except Refused as refused:
                return {"status": "failure", "code": refused.code, "message": refused.message}
            return {"status": "success"}

        return call

    def _mine(self, given: Given) -> Kept:
        """The open task that is named, on the desk of who is named."""
        name = str(given.get("username", ""))
        if people.member(name) is None:
            raise Refused(NO_MEMBER, "成员不存在")
        task = self.book.shelf.kept("task", str(given.get("task_id", "")))
        if task is None or task.doc["status"] != 0 or task.doc["instance_id"] != given.get("instance_id"):
            raise Refused(NO_TASK, "流程待办不存在或已处理")
        if task.doc["username"] != name:
            raise Refused(NO_TASK, "没有权限处理该待办")
        return task

    def _finish(self, task: Kept, action: str, comment: str) -> None:
        done = {"status": 1, "finish_action": action, "finish_time": instant(self.book.clock.now()), "comment": comment}
        self.book.shelf.put("task", task.id, task.doc | done, task.doc["username"], "task")

    def _decide(self, given: Given, action: str) -> None:
        task, (form, kept) = self._mine(given), self._found(given)
        self._finish(task, action, str(given.get("comment", "")))
        self.book.moved(form, kept.id, DONE, task.doc["username"], 1 if action == "forward" else 0)
        self.ledger.wrote(action, form.key, kept.id)

    def _transfer(self, given: Given) -> None:
        task, to = self._mine(given), str(given.get("transfer_username", ""))
        if people.member(to) is None:
            raise Refused(NO_MEMBER, "成员不存在")
        self._finish(task, "transfer", str(given.get("comment", "")))
        self._open(task.doc["form"], task.doc["instance_id"], to)

    def _close(self, given: Given) -> None:
        form, kept = self._found(given)
        for task in self._of(kept.id):
            if task.doc["status"] == 0:
                self._finish(task, "close", "")
        self.book.moved(form, kept.id, ENDED, people.CREATOR, 0)

    def _activate(self, given: Given) -> None:
        form, kept = self._found(given)
        if kept.doc["flowState"] == RUNNING:
            raise Refused(NO_TASK, "流程正在进行中")
        self.book.moved(form, kept.id, RUNNING, people.CREATOR, 0)
        self._open(form.key, kept.id, APPROVER)
