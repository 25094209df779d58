"""What each key of a script file means, as an editor shows it to the person who writes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KEY_HELP: Mapping[str, str] = MappingProxyType(
    {
        "title": "话术的名称，导入任务时用",
        "clause": "依据：标准或者制度的条款",
        "review_types": "用于哪些回访类型",
        "parts": "用哪些共用部分，即 parts/ 里的文件名",
        "entry": "通话的第一个节点",
        "review": "确认身份、方便接听以后的第一个节点",
        "slots": "话里要填的内容，随回访任务提供",
        "nodes": "节点：问题、告知、结束",
        "exits": "这里特有的去处：客户回答 → 节点或者应对",
        "defaults": "每种客户回答通常的去处",
        "questions": "客户反问时经过批准的答复",
        "doubts": "客户质疑时经过批准的答复",
        "keypad": "电话按键的意思",
        "texts": "任何节点都会说的话",
        "limits": "次数上限",
        "waits": "等待客户开口的时间，单位秒",
        "pauses": "停顿多久算说完，单位秒",
        "care": "客户需要关怀的情况各用哪一个结束语",
        "pronunciations": "读音，例如 重仓: zhòng cāng",
        "about": "这项内容是什么",
        "sample": "例子，检查和试听时代替",
        "private": "yes 表示确认本人以后才能说",
        "when": "客户话里的关键词，按先后次序取第一条",
        "say": "要说的话",
        "ask": "问法，一次只问一件事",
        "rephrase": "没听明白时换的说法",
        "keys": "还不明白时请客户按键的话",
        "explain": "客户反问时的答复",
        "before": "问题前面的话",
        "interruptible": "no 表示不能打断",
        "answers": "每种回答是 safe，还是哪种风险",
        "survey": "yes 表示只作统计，回答没有风险",
        "capture": "从回答里取什么：time 时间，number 号码，choice 选项，words 原话",
        "captured": "取到以后去哪个节点",
        "choices": "选项和它的意思，按次序",
        "means": "这个选项算哪种回答",
        "words": "客户说哪些话就是这个选项",
        "topic": "问的、说的是什么事；几份话术合并时，相同的只问一次、说一次",
        "for_agent": "给接手的人看的追问要点，不会说出来",
        "phrases": "客户可能怎样回答，供语音识别参考",
        "next": "回答或者听完以后去哪个节点",
        "must_hear": "yes 表示必须听完，客户说话也不停",
        "ending": "通话的结果",
        "go": "去哪个节点，或者用哪种应对",
        "identity": "confirmed 表示从这里起确认了是本人",
        "closed": "说完整的简短回答以后",
        "open": "说其他的话以后",
        "unfinished": "话没有说完时",
    }
)
