"""The services of the imitated Kingdee behind its HTTP: each takes the parsed parameters and gives the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hefu.sandbox.frame import Fault, Ledger, struck
from hefu.sandbox.kingdee import looks, push, query, save, verbs
from hefu.sandbox.kingdee.book import Book, rows_of
from hefu.sandbox.kingdee.forms import Form
from hefu.sandbox.kingdee.manners import RENAMED, Caller, Manners
from hefu.sandbox.kingdee.parameters import Words, data_of, object_of
from hefu.sandbox.kingdee.replies import (
    BAD_WORD,
    BROKEN,
    NO_RECORD,
    NOT_VALID,
    WRONG_STATE,
    Refused,
    done,
    mixed,
)
from hefu.sandbox.shelf import Doc

GROUPS = {"BD_Customer": "BD_CustomerGroup", "BD_MATERIAL": "BD_MATERIALGROUP"}


@dataclass
class Services:
    """The services over one book."""

    book: Book
    ledger: Ledger
    faults: list[Fault]
    manners: Manners = field(default_factory=Manners)
    _tasks: dict[str, tuple[int, Any]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def find(self, name: str) -> Callable[[Caller, Words], Any] | None:
        """The service of that name, as it stands after "DynamicFormService."."""
        same = {"ExcuteOperation": "both", "ExecuteOperation": "both"}
        if name in same and self.manners.operation not in ("both", name):
            return None
        return {
            "ExecuteBillQuery": self.execute_bill_query,
            "BillQuery": self.bill_query,
            "QueryBusinessInfo": self.query_business_info,
            "QueryGroupInfo": self.query_group_info,
            "View": self.view,
            "Save": self.save,
            "Draft": self.draft,
            "BatchSave": self.batch_save,
            "QueryAsyncResult": self.query_async_result,
            "Submit": self._step("Submit"),
            "Audit": self._step("Audit"),
            "UnAudit": self._step("UnAudit"),
            "CancelAssign": self._step("CancelAssign"),
            "Delete": self.delete,
            "ExcuteOperation": self.operation,
            "ExecuteOperation": self.operation,
            "WorkflowAudit": self.workflow_audit,
            "Push": self.push,
            "Allocate": self.allocate,
            "CancelAllocate": self.cancel_allocate,
            "SwitchOrg": self.switch_org,
        }.get(name)

    # ---------------------------------------------------------------- reading

    def execute_bill_query(self, caller: Caller, words: Words) -> Any:
        """Rows as arrays."""
        return self._query(caller, words)[1]

    def bill_query(self, caller: Caller, words: Words) -> Any:
        """Rows as objects under the keys asked for."""
        keys, rows = self._query(caller, words)
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def _query(self, caller: Caller, words: Words) -> tuple[list[str], list[list[Any]]]:
        self._spell()
        return query.run(self.book, data_of(words), self.manners.limit, caller.session.org)

    def query_business_info(self, caller: Caller, words: Words) -> Any:
        """Metadata of a form."""
        self._spell()
        form = self.book.form(data_of(words).get("FormId"))
        return done([]) | {"Result": {**done([])["Result"], "NeedReturnData": looks.described(form)}}

    def query_group_info(self, caller: Caller, words: Words) -> Any:
        """Groups of base data."""
        form = self.book.form(data_of(words).get("FormId"))
        if form.id not in GROUPS:
            raise Refused(BROKEN, f"{form.title}没有分组")
        groups = self.book.docs(GROUPS[form.id])
        told = [{"FID": pk, "FNUMBER": d["FNumber"], "FNAME": d["FName"], "FPARENTID": 0} for pk, d in groups.items()]
        return {"Result": {**done([])["Result"], "NeedReturnData": told}}

    def view(self, caller: Caller, words: Words) -> Any:
        """One whole record by number or id."""
        form, data = self._form(words), data_of(words)
        number, given = data.get("Number"), data.get("Id")
        pks = (
            self.book.numbered(form.id, number) if number else [int(str(given))] if str(given or "").isdecimal() else []
        )
        doc = self.book.get(form.id, pks[0]) if pks else None
        if doc is None:
            raise Refused(NO_RECORD, f"{form.title}“{number or given}”不存在", form.number)
        return {"Result": {"ResponseStatus": None, "Result": looks.viewed(self.book, form, doc)}}

    # ---------------------------------------------------------------- writing

    def save(self, caller: Caller, words: Words) -> Any:
        """One record created or changed."""
        return self._one(caller, words, validate=True)

    def draft(self, caller: Caller, words: Words) -> Any:
        """One record kept without checks."""
        return self._one(caller, words, validate=False)

    def _one(self, caller: Caller, words: Words, *, validate: bool) -> Any:
        form, data = self._form(words), data_of(words)
        self._repeated(form, data)
        entity, returned = self._store(caller, form, data.get("Model"), data, validate=validate)
        return done([entity], [returned], single=True)

    def batch_save(self, caller: Caller, words: Words) -> Any:
        """Many records, each for itself."""
        form, data = self._form(words), data_of(words)
        models = data.get("Model")
        if not isinstance(models, list) or not models:
            raise Refused(BAD_WORD, "Model必须是数组", "Model")
        self._repeated(form, data)
        failing = struck(self.faults, "partial") is not None
        entities, errors, returned = [], [], []
        for index, model in enumerate(models):
            try:
                if failing and index >= len(models) // 2:
                    raise Refused(NOT_VALID, "保存失败：后台线程异常终止", "")
                entity, shown = self._store(caller, form, model, data, validate=True)
                entities.append({**entity, "DIndex": index})
                returned.append(shown)
            except Refused as refused:
                errors.append((index, refused))
        answer = mixed(entities, errors, returned, lenient=self.manners.batch_success)
        if str(words.get("beginmethod", "")) != "BeginQueryImpl":
            return answer
        task = hashlib.sha256(json.dumps(answer, default=str).encode()).hexdigest()[:32] + str(len(self._tasks))
        self._tasks[task] = (self.manners.polls, answer)
        return {"Status": 0, "TaskId": task, "Result": None}

    def query_async_result(self, caller: Caller, words: Words) -> Any:
        """How an asynchronous batch stands."""
        asked = words.get("queryinfo")
        asked = object_of(asked, "queryInfo")
        task = str(asked.get("TaskId"))
        if task not in self._tasks:
            raise Refused(NO_RECORD, f"任务{task}不存在", "TaskId")
        polls, answer = self._tasks[task]
        self._tasks[task] = (polls - 1, answer)
        ready = polls <= 1
        return {"Status": 2 if ready else 1, "TaskId": task, "Result": answer if ready else None}

    def _store(
        self, caller: Caller, form: Form, model: Any, data: Words, *, validate: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """One Model saved: the entity and what was asked to be returned of it."""
        if not isinstance(model, Mapping):
            raise Refused(BROKEN, "Model必须是JSON对象", "Model")
        self._trouble(form, model)
        if self.manners.own_numbers and not model.get(form.pk):
            model = {key: value for key, value in model.items() if key != form.number}
        hand = self._hand(caller, data)
        options = save.Options(
            only=frozenset(str(key) for key in data.get("NeedUpDateFields") or []),
            delete_rows=save.truth(data.get("IsDeleteEntry"), True),
            verify=save.truth(data.get("IsVerifyBaseDataField"), False),
            validate=validate,
            locked_states="B" if self.manners.edit_audited and form.base else "BC",
            user=caller.user,
            author=caller.name,
            prompts=hand.prompts,
            ignore_prompts=hand.ignore_prompts,
        )
        with self.book.shelf.change():
            pk = save.save(self.book, form, model, options)
            if save.truth(data.get("IsAutoSubmitAndAudit"), False):
                verbs.take(self.book, form, pk, "Submit", hand)
                verbs.take(self.book, form, pk, "Audit", hand)
        doc = self.book.get(form.id, pk) or {}
        self.ledger.wrote("update" if model.get(form.pk) else "create", form.id, str(pk))
        entity = {"Id": pk, "Number": doc[form.number], "DIndex": 0}
        return entity, _returned(form, doc, data.get("NeedReturnFields") or [])

    def _trouble(self, form: Form, model: Words) -> None:
        """Faults that somebody ordered for the next save."""
        if struck(self.faults, "locked"):
            raise Refused(NOT_VALID, save.LOCKED, "FDocumentStatus")
        if struck(self.faults, "changed"):
            raise Refused(NOT_VALID, f"{form.title}已被其他用户修改，请重新打开后再保存", form.number)
        if model.get(form.number) and not model.get(form.pk) and struck(self.faults, "duplicate"):
            rival = {key: value for key, value in model.items() if key not in form.entries}
            options = save.Options(validate=False, author="孙雪梅", via="person")
            save.save(self.book, form, rival, options)

    def _repeated(self, form: Form, data: Words) -> None:
        if save.truth(data.get("ValidateRepeatJson"), False):
            mark = form.id + hashlib.sha256(json.dumps(data, default=str, sort_keys=True).encode()).hexdigest()
            if mark in self._seen:
                raise Refused(NOT_VALID, "重复提交：相同的JSON已经保存过", "Model")
            self._seen.add(mark)

    # ---------------------------------------------------------------- the steps

    def _step(self, verb: str) -> Callable[[Caller, Words], Any]:
        def take(caller: Caller, words: Words) -> Any:
            form = self._form(words)
            if verb == "Audit" and form.id in self.manners.workflow:
                raise Refused(WRONG_STATE, f"{form.title}存在审批流程，请通过工作流审批", "FDocumentStatus")
            return self._each(caller, words, verb.lower(), partial(_taken, self.book, form, verb))

        return take

    def delete(self, caller: Caller, words: Words) -> Any:
        """Delete records."""
        form = self._form(words)
        return self._each(caller, words, "delete", lambda pk, hand: verbs.delete(self.book, form, pk, hand))

    def operation(self, caller: Caller, words: Words) -> Any:
        """A named operation."""
        form, name = self._form(words), str(words.get("opnumber") or "")
        if not name:
            raise Refused(3, "操作标识不能为空", "opNumber")
        return self._each(caller, words, name.lower(), lambda pk, hand: verbs.operate(self.book, form, pk, name, hand))

    def workflow_audit(self, caller: Caller, words: Words) -> Any:
        """Act on the workflow of a bill: 1 passes it, 2 sends it back."""
        data = data_of(words)
        verb = {"1": "Audit", "2": "CancelAssign"}.get(str(data.get("ApprovalType")))
        if verb is None:
            raise Refused(BAD_WORD, "参数ApprovalType不正确", "ApprovalType")
        form = self.book.form(data.get("FormId"))
        step = verb
        return self._each(
            caller,
            {**words, "formid": form.id},
            verb.lower(),
            lambda pk, hand: verbs.take(self.book, form, pk, step, hand),
        )

    def _each(self, caller: Caller, words: Words, verb: str, do: Callable[[int, verbs.Hand], Doc]) -> Any:
        """A step of each record named; what one refuses does not stop the others."""
        form, data = self._form(words), data_of(words)
        hand = self._hand(caller, data)
        pks = verbs.targets(self.book, form, data, arrays=self.manners.array_ids)
        entities, errors = [], []
        for index, pk in enumerate(pks[:1] if self.manners.one_id else pks):
            try:
                if struck(self.faults, "locked"):
                    raise Refused(WRONG_STATE, save.LOCKED, "FDocumentStatus")
                with self.book.shelf.change():
                    doc = do(pk, hand)
                self.ledger.wrote(verb, form.id, str(pk))
                entities.append({"Id": pk, "Number": doc.get(form.number), "DIndex": index})
            except Refused as refused:
                errors.append((index, refused))
        return mixed(entities, errors)

    def push(self, caller: Caller, words: Words) -> Any:
        """Bills converted into the next ones."""
        form, data = self._form(words), data_of(words)
        rule = push.rule_for(form, data)
        hand = self._hand(caller, data)
        entities, errors = [], []
        for index, pk in enumerate(verbs.targets(self.book, form, data, arrays=self.manners.array_ids)):
            try:
                with self.book.shelf.change():
                    target, made = push.push(self.book, form, pk, rule, data, hand)
                doc = self.book.get(target.id, made) or {}
                self.ledger.wrote("push", target.id, str(made))
                entities.append({"Id": made, "Number": doc[target.number], "DIndex": index})
            except Refused as refused:
                errors.append((index, refused))
        answer = mixed(entities, errors)
        status = answer["Result"]["ResponseStatus"]
        told = {
            "IsSuccess": not errors,
            "Errors": status["Errors"],
            "SuccessEntitys": entities,
            "MsgCode": status["MsgCode"],
        }
        answer["Result"] |= {"ConvertResponseStatus": told}
        answer["Result"] |= {"Ids": [e["Id"] for e in entities], "Numbers": [e["Number"] for e in entities]}
        return answer

    # ---------------------------------------------------------------- organisations

    def allocate(self, caller: Caller, words: Words) -> Any:
        """Base data given to other organisations: a copy each, with an internal id of its own and the same number."""
        form, pks, orgs = self._allocation(words)
        entities = []
        with self.book.shelf.change():
            for index, pk in enumerate(pks):
                doc = self.book.get(form.id, pk)
                if doc is None or doc.get("FDocumentStatus") != "C":
                    raise Refused(WRONG_STATE, f"内码为{pk}的{form.title}不存在或未审核，不允许分配", form.pk)
                for org in orgs:
                    if not self.book.known(form.id, doc[form.number], org):
                        made = self.book.next_id()
                        copy = {**doc, form.pk: made, form.org: org, "FModifyDate": self.book.now()}
                        self.book.put(form, made, copy, caller.name, "api", "allocated")
                        self.ledger.wrote("allocate", form.id, str(made))
                entities.append({"Id": pk, "Number": doc[form.number], "DIndex": index})
        return done(entities)

    def cancel_allocate(self, caller: Caller, words: Words) -> Any:
        """The copies of other organisations taken back where nothing refers to them."""
        form, pks, orgs = self._allocation(words)
        entities = []
        for index, pk in enumerate(pks):
            number = self.book.number_of(form.id, pk)
            for other in list(self.book.numbered(form.id, number)):
                if other != pk and self.book.docs(form.id)[other][form.org] in orgs:
                    if verbs.used(self.book, form, other):
                        raise Refused(WRONG_STATE, f"{form.title}“{number}”已被引用，不允许取消分配", form.number)
                    self.book.remove(form, other, caller.name, "api")
                    self.ledger.wrote("cancelallocate", form.id, str(other))
            entities.append({"Id": pk, "Number": number, "DIndex": index})
        return done(entities)

    def _allocation(self, words: Words) -> tuple[Form, list[int], list[int]]:
        form, data = self._form(words), data_of(words)
        if not form.base or not form.org:
            raise Refused(BROKEN, f"{form.title}不支持分配")
        pks, orgs = (
            [int(word) for word in str(data.get(key) or "").split(",") if word.strip().isdecimal()]
            for key in ("PkIds", "TOrgIds")
        )
        missing = [org for org in orgs if org not in self.book.docs("ORG_Organizations")]
        if not pks or not orgs or missing:
            raise Refused(BAD_WORD, "参数PkIds、TOrgIds不正确", "TOrgIds" if missing or not orgs else "PkIds")
        return form, pks, orgs

    def switch_org(self, caller: Caller, words: Words) -> Any:
        """Make another organisation the current one of the session."""
        number = data_of(words).get("OrgNumber")
        found = self.book.known("ORG_Organizations", number)
        if not found:
            raise Refused(NO_RECORD, f"组织“{number}”不存在", "OrgNumber")
        caller.session.org = found
        return done([{"Id": found, "Number": number, "DIndex": 0}])

    # ---------------------------------------------------------------- shared

    def _form(self, words: Words) -> Form:
        self._spell()
        given = words.get("formid")
        if not given:
            raise Refused(5, "表单标识不能为空", "FormId")
        return self.book.form(given)

    def _spell(self) -> None:
        """The fault "renamed": keys are spelled otherwise for as long as it stands."""
        on = next((f for f in self.faults if f.kind == "renamed"), None)
        self.book.renames = RENAMED if on else {}

    def _hand(self, caller: Caller, data: Words) -> verbs.Hand:
        flags = str(data.get("InterationFlags") or "")
        return verbs.Hand(
            caller.user,
            caller.name,
            touch=self.manners.audit_touches,
            prompts=frozenset(flag.strip() for flag in flags.split(";") if flag.strip()),
            ignore_prompts=save.truth(data.get("IgnoreInterationFlag"), True),
        )


def _taken(book: Book, form: Form, verb: str, pk: int, hand: verbs.Hand) -> Doc:
    return verbs.take(book, form, pk, verb, hand)


def _returned(form: Form, doc: Doc, keys: Any) -> dict[str, Any]:
    """What NeedReturnFields asks for: head fields, and fields of rows as Entry.Field."""
    if not isinstance(keys, list):
        return {}
    made: dict[str, Any] = {}
    for key in map(str, keys):
        head, _, name = key.partition(".")
        if head in form.entries:
            rows = made.setdefault(head, [{} for _ in rows_of(doc, head)])
            for told, row in zip(rows, rows_of(doc, head), strict=True):
                told[name or "FEntryID"] = row.get("FEntryID" if name.upper() == "FENTRYID" else name)
        elif key == form.pk:
            made[key] = doc[key]
        elif key in form.single:
            made[key] = query.shown(form.single[key], doc.get(form.single[key].at))
    return made
