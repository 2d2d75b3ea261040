"""Small hand-written meetings, none of them in the corpus."""

from __future__ import annotations

from qa_pipeline.values.transcript import Transcript, Utterance

OPENING = """
主持: 各位主管，人到齐了没有？手机都调成静音，我们开会。
主持: 今天是九月第二周的周复盘会，目标就一个，把上一周的差距找出来，把下一周的动作定下来。
"""
AGENDA = """
主持: 今天的流程跟往常一样，先复盘数据，再请标杆分享，然后问题研讨，最后安排下周的工作。
主持: 规矩再说一遍，每个人发言控制在五分钟，不念报表，只讲差距和动作。
"""
REVIEW = """
主持: 好，先看数。小周，你把各室上周的数据报一下。
小周: 截止昨天晚上，全部期缴保费八十六万，完成目标一百二十万的百分之七十二，差三十四万。
小周: 一室三十五万，完成百分之九十二；二室二十八万，完成百分之七十；三室二十三万，完成百分之五十八。
小周: 活动人力方面，一室十二人，二室九人，三室六人，全部门举绩率百分之四十一。
主持: 三室差得最多，李主管，上周会上你说要做四十个拜访，实际做了多少？
李主管: 实际做了二十六个，面谈十五个，促成三件，没有达到。
主持: 四十个计划做了二十六个，差的十四个是哪几个人差的？
李主管: 主要是小吴和小郑，一个只跑了三个，一个跑了四个。
主持: 那二室呢，你们的人均保费怎么掉下来了？
王主管: 二室上周件数是够的，九件，但是件均低，都是三五千的小单，大单一件没有。
小周: 增员方面，全部门上周送训三个人，一室两个，二室一个，三室没有。
"""
SHARING = """
主持: 上周做得最好的是一室的陈姐，一个人五件十二万，请陈姐上来给大家分享一下她是怎么做的。
陈姐: 我没有什么秘诀，就是把老客户的保单重新整理一遍，每天约两家，上门做保单检视。
陈姐: 第一步，前一天晚上把客户家里几口人、买过什么、缺什么，都写在一张纸上。
陈姐: 第二步，上门不谈产品，先问孩子、问老人，让客户自己讲他担心什么。
陈姐: 第三步，把缺口画给他看，养老差多少，重疾差多少，他自己就着急了。
陈姐: 第四步，走之前一定约好下一次的时间，不留尾巴，再请他介绍两个朋友。
主持: 陈姐这个四步法很实在，写一张纸、先问再讲、画缺口、约下次，大家都可以照着做。掌声。
王主管: 陈姐，你那张纸长什么样，能不能发到群里给我们学一下？
陈姐: 可以，我把模板发出来，我还有一段话术也录下来了，一起发。
"""
DISCUSSION = """
主持: 好，下面我们研讨一个共性问题，为什么新人的拜访量一直上不去，大家都说说原因。
李主管: 我觉得根子在我们主管身上，新人没有名单，我们又没有陪着他去找客户。
主持: 为什么没有名单？入司的时候不是都列过一百个缘故吗？
李主管: 列是列了，列完就没人检查，三天以后他自己也不看了。
王主管: 我这边是技能问题，新人不敢开口，打电话手都抖，没有演练过。
陈姐: 我看是早会没有把话术练熟，演练走过场，一个礼拜才通关一次。
主持: 那归到底是两条，一是名单没有人跟，二是演练不过关。怎么解决？
王主管: 建议每天晚上六点，主管和新人对一次名单，第二天跑谁当场定下来。
李主管: 我同意，另外每天早上二次早会的时候，一对一演练十五分钟，过了才出门。
主持: 好，就这么办，名单日日对，演练天天过，主管自己要下场带。
"""
NEXT_WEEK = """
主持: 好，接下来定下周的安排，一个一个报，说清楚谁、做什么、哪天做完。
李主管: 三室下周目标期缴三十万，周三之前我陪小吴跑六家，周四陪小郑跑四家。
王主管: 二室下周目标三十五万，周二办一场养老沙龙，请二十个客户，周五之前送训两个人。
陈姐: 一室下周目标四十万，周一到周五每天检视两家保单，周五下午收齐转介绍名单。
主持: 周三我参加二室的沙龙，周四晚上九点，各室把进度发到群里，我一个一个看。
小周: 下周一上午九点前，我把各室的目标和名单汇总好，发给各位主管。
主持: 都记下来，下周开会先对这几件事，谁没做到谁先发言。
"""
CLOSING = """
主持: 好，时间差不多了，最后我说两句，目标已经定了，剩下就是一个字，干。
主持: 大家辛苦了，今天的会就到这里，散会。
"""
RECAP = """
主持: 最后我总结一下，今天我们复盘了数据，听了陈姐的分享，研讨了新人拜访量的问题，也把下周的工作安排好了。
主持: 复盘要看差距，分享要学动作，研讨要找根子，安排要落到人头。好，散会。
"""
ENGLISH = """
A: The quick brown fox jumps over the lazy dog while the committee reviews the budget.
B: I think that the weather in the mountains will be much colder than last year, do you agree?
A: We should take the train, because the motorway is closed for repairs until the end of October.
B: Then let us meet at the station at noon and have a sandwich before we leave.
"""
GIBBERISH = """
甲: 鲸髓瓮窸鹜翡砧黍檄蓟钹阄缵薨鬣龠蛞虢翮麂鏊鬈黥篦。
乙: 窠鳌蠹黢罂缶艮隗饕骶鼍谮囹爨衾箧羸蕹夤蹩踽嬖彘刍。
甲: 甪氅甍猗薅鸩謇耨鲮麈酆犍阊阖醯礞蓼藿艟舨虮蝥衢袷。
"""


def said(*parts: str, speakers: bool = True, punctuation: bool = True) -> Transcript:
    """A transcript of lines ``speaker: text``, spoken at 4.5 characters a second."""
    clock, utterances = 0.0, []
    for line in "".join(parts).split("\n"):
        if not line:
            continue
        speaker, _, text = line.partition(": ")
        text = text if punctuation else "".join(c for c in text if c not in "，。？！；：、")
        end = clock + len(text) / 4.5
        utterances.append(Utterance(start=clock, end=end, text=text, speaker=speaker if speakers else None))
        clock = end + 0.4
    return Transcript(utterances=tuple(utterances), duration=clock, engine="written")
