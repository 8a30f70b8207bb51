"""The recorded browser script: where a system's pages are, what stands on them, and how a form is filled.

What was on the page when it was recorded (headers of the grid, labels of the form) is part of the script: a page that
looks different is not worked on.
"""

from __future__ import annotations

from pydantic import SecretStr, model_validator

from hefu.core.connector import Settings, setting
from hefu.core.records import FieldType


class Step(Settings):
    """One move of the hand; `{field}` stands for a key field of the record at hand."""

    open: str | None = setting(None, "Go to this path", "打开该路径")
    fill: str | None = setting(None, "Write `text` into this input", "在该输入框中填写 text")
    choose: str | None = setting(None, "Choose the option `text` in this list", "在该下拉框中选择 text")
    click: str | None = setting(None, "Click on this", "点击该元素")
    wait: str | None = setting(None, "Wait until this is seen", "等待该元素出现")
    text: str = setting("", "What is written or chosen", "填写或选择的内容")

    @model_validator(mode="after")
    def _one(self) -> Step:
        if sum(v is not None for v in (self.open, self.fill, self.choose, self.click, self.wait)) != 1:
            raise ValueError("a step is exactly one of open, fill, choose, click, wait")
        return self


class Login(Settings):
    """How to sign in; done again when the session has ended."""

    open: str = setting("/", "Path of the page", "登录页路径")
    user: str = setting(..., "User name", "用户名")
    password: SecretStr = setting(..., "Password", "密码")
    user_input: str = setting(..., "Selector of the input of the user name", "用户名输入框的选择器")
    password_input: str = setting(..., "Selector of the input of the password", "密码输入框的选择器")
    submit: str = setting(..., "Selector of the button", "登录按钮的选择器")
    inside: str = setting(..., "Selector of what only a signed-in user sees", "仅登录后可见元素的选择器")


class RpaField(Settings):
    """One field: where the grid shows it, where the form takes it."""

    type: FieldType = setting(FieldType.TEXT, "Type", "类型")
    label: str = setting("", "What people call it; default: its header or label", "显示名称，默认取列头或标签")
    header: str | None = setting(None, "Header of its column in the grid, as recorded", "列表中的列头（录制时的文字）")
    input: str | None = setting(None, "Selector of its input in the form", "表单输入框的选择器")
    input_label: str | None = setting(None, "Label of that input, as recorded", "该输入框的标签（录制时的文字）")
    required: bool = setting(False, "The system wants it", "系统必填")
    length: int | None = setting(None, "Most characters", "最大字符数", ge=1)
    format: str = setting("%Y-%m-%d", "How the pages write dates", "页面上的日期格式")
    true: str = setting("是", "Text of yes in the grid", "列表中表示“是”的文字")
    false: str = setting("否", "Text of no in the grid", "列表中表示“否”的文字")


class Grid(Settings):
    """The list of all records."""

    steps: list[Step] = setting(..., "How to come to it", "如何打开列表", min_length=1)
    table: str = setting("table", "Selector of the table", "表格的选择器")
    headers: list[str] = setting(
        ...,
        "Its headers from left to right, as recorded; empty ones too",
        "录制时从左到右的列头，包括空列头",
        min_length=1,
    )
    next: str | None = setting(
        None,
        "Selector of what leads to the next page; gone or disabled on the last",
        "下一页的选择器；最后一页没有或不可用",
    )
    find: list[Step] = setting(
        [],
        "From the list to the one record of a key; default: all pages are read",
        "从列表定位到指定记录的步骤；默认逐页查找",
    )


class Form(Settings):
    """The page on which a record is changed or made."""

    edit: list[Step] = setting(
        [], "How to come to the form of a record; none: nothing is changed", "如何打开某记录的表单"
    )
    new: list[Step] = setting([], "How to come to an empty form; none: nothing is created", "如何打开空白表单")
    save: str = setting(..., "Selector of the button that saves", "保存按钮的选择器")
    done: str | None = setting(None, "Selector of what is seen once it is saved", "保存成功后可见元素的选择器")
    done_dialog: str | None = setting(None, "Words of the dialog that says so", "保存成功的弹窗文字")
    refused: str | None = setting(None, "Selector of what says why it was refused", "拒绝原因所在元素的选择器")

    @model_validator(mode="after")
    def _told(self) -> Form:
        if self.done is None and self.done_dialog is None:
            raise ValueError("say how success is seen: done or done_dialog")
        return self


class RpaObject(Settings):
    """One kind of record."""

    label: str = setting("", "What people call it", "显示名称")
    key: list[str] = setting(..., "Fields that find a record", "定位记录的字段", min_length=1)
    grid: Grid = setting(..., "The list", "列表")
    form: Form | None = setting(None, "The form; none: it is only read", "表单；不填则只读")
    fields: dict[str, RpaField] = setting(..., "Fields", "字段", min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> RpaObject:
        for name, field in self.fields.items():
            if field.header is None and field.input is None:
                raise ValueError(f"{name}: say its header in the grid, its input in the form, or both")
            if field.header is not None and self.grid.headers.count(field.header) != 1:
                raise ValueError(f"{name}: '{field.header}' is not one of grid.headers, or stands there twice")
            if field.input is not None and (self.form is None or field.input_label is None):
                raise ValueError(f"{name}: an input wants a form and its recorded input_label")
        for name in self.key:
            if name not in self.fields or self.fields[name].header is None:
                raise ValueError(f"the key field {name} must have a column in the grid")
        if self.form is not None and not self.form.edit and any(f.header is None for f in self.fields.values()):
            raise ValueError("fields without a column are read from the form: say form.edit")
        return self


class RpaSettings(Settings):
    """A system that only has pages."""

    url: str = setting(
        ..., "Address: http://erp.example.lan", "地址：http://erp.example.lan", pattern=r"^https?://[^?#]+$"
    )
    also: list[str] = setting([], "Further addresses its pages may load from", "页面可加载的其他地址")
    login: Login | None = setting(None, "How to sign in", "登录方式")
    objects: dict[str, RpaObject] = setting(..., "Objects", "对象")
    chromium: str = setting("/usr/bin/chromium", "The browser", "浏览器路径")
    seconds: float = setting(15.0, "Longest wait for a page or its answer", "等待页面或应答的最长秒数", gt=0, le=300)
    screenshots: str = setting(
        "rpa",
        "Folder for pictures of what went wrong, in the project's folder; the last 50 stay",
        "出错截图目录（位于项目目录内），保留最近 50 张",
    )
