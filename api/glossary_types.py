"""What the types of the API are, in the served description: their docstrings are for who reads the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = dict(
    line.split(maxsplit=1)
    for line in """
AccountChange 对账号的修改；不填的字段不变
AccountOut 一个账号，不含任何密码和密钥
Act 一句话在会上起的作用，即语句标签；一句可有几个
ActionKind 管理动作的种类：依次为目标面谈、客户盘点、平台搭建、陪访（R32）
ActionLoad 一种行动的待办建议有多少条
ActionMinutes 纪要中的一条行动项：人、事、期限（R26）
ActionState 行动项的结果
ActivitiesDayOut 月行事历中的一天：属于哪一经营周，有哪些活动
ActivitiesItemOut 五项活动量之一的计划、实际和达成率
ActivitiesMonthOut 一个月的行事历：每行七天，从周一起，活动按编号给出
ActivitiesPartOut 一位受邀客户是否到场、签了哪张保单、前后温度
ActivitiesReviewIn 要登记的活动检视：谁在哪天得出什么结论
ActivitiesReviewOut 已登记的活动检视
Aggregate 某机构及其下级一个月的汇总
AgreementOut 一段时间内机器与复核人员的一致程度
AnomalyOut CT 率持续低于本机构平均的营业室，及可能的原因（R33）
AnswerIn 复核人员对一条申诉的答复
AnswerOut 机构在当日采用的数值：是多少、取自哪里、为什么
AppealIn 被管辖机构对本场会议当前结论提出的申诉
AppealOut 经理对结论的申诉及答复
AppealState 申诉的结果
Appended 一批数据的处理结果：首次写入、更正、与已有相同
Appointment 任命谁从哪天起任机构行政经理或营业室负责人
Aspect 结果指标或过程指标（R27：每份规划两类各至少一个）
AssessmentIn 对客户价值和潜力的评定；null 为未知
Assignment 给下级逐个定的目标；没列出的下级不变，余数归入未分配
Attainment 一家机构当月截至某日各营业室的 CT 进度和各人员是否达U
AttainmentRun 要把哪里、截至哪天的达U和CT登记为指标值
AttendanceOut 当月登记了签到的会议的出勤（R9）
AuditOut 一条审计记录：谁看了或改了什么
BaseKind 场次的基准日是什么日子（月规划会则看窗口）
BatchAnswer 找到了哪些录音，以及建立的批次；试运行或无事可做时没有批次
BatchFileOut 批次要取或在等的一个文件
BatchMeetingOut 批次中的一场会议：质检到哪里，完成后的结论
BatchOut 一个批次及其进度
Behind 谁还欠多少：主管，或某类平台的机构
BelowStandard 低于本地本职级标准的人，及所复盘一周的 PVKYC
BlindItem 盲评的一项，不给出任何人的分数
BlindSheet 一场会议要盲评的各项，及本人已交的分数
Body_import_file 上传来导入的一个 Excel 或 CSV 文件
BorderIn 人工更正后的一个章节从第几句开始
BorderOut 文字稿中一个章节从第几句开始
BreakDown 按权重把节点的目标分给下级，机构分到营业室时加缓冲
BriefingOut 机构下一场会议的全部会前材料
BuyerOut 一个客户在该时段的净期缴保费
BuyersOut 一段时间内成交的客户数、客均保费和保费最多的客户
CalibratedReviewer 一名复核人员与定论相差多少
CalibratedRow 某一项、结论或能量值上的一致程度
CalibrationDetail 一个校准集及其中各场会议
CalibrationIn 要发起的校准集：请复核人员盲评哪些已由人复核的会议
CalibrationOut 一个校准集；结束后才显示各人的分数
CalibrationResult 已结束的校准集的结果
CalibrationSheetIn 本人对校准集中一场会议的盲评：结论和每一项的分
Candidate 一场可用于校准的会议：当前结论由人作出
CapacityOut 产能缺口：按现有人力和产能预计比规划的保费目标少多少
CareerStep 职级经历的一条
CauseOut 一个可能的原因；按绝对阈值判断的，z 为 null
Cell 机器下某种结论、人工下某种结论的复核次数
ChangeIn 对文字稿中一句话的文字或说话人的更正
Channel 通知发往哪里
Chapter 会议的章节，即各段内容所属的环节；off_topic 为与会议无关的内容
ChapterMinutes 一章的一段，时间为自录音开始的秒数
ChapterOut 识别出的一个章节在录音中的起止和置信度
CheckedOut 语音模型的文件是否与取得时一致
ChecklistItem 会前简报提示主持人会上须讲到的一条内容及其规则
ChildLine 一家下一级机构，连同其全部下级的合计
Closing 行动项以什么结果、在哪天关闭
ClosingIn 一条建议在哪天已办或不采纳
CommitmentOut 会议当日要核对的一条未了结承诺
ComparedNode 各方案中的同一节点，按方案的顺序；null 为该方案没有
Comparison 同一会议两版结论的对照
ComplianceCoverageOut 一个场次的覆盖率（R10）；未到期和未知的场次不计
ComplianceForm 表格软件能打开的文件格式
ComplianceScore 一家机构当月的合规得分，0 到 100：到期场次按时、按人、按质的平均；有已召开而未质检的会议时未知
ComputeIn 按这些月份计算三张表；自末月的次月起生效
ConfirmIn 主持人对会前简报的确认，存为该场次的会前准备（R24）
Confirmation 对会上识别出的行动项的确认，可同时改派责任人和期限
CopiedPlan 复制出的草稿方案，及原方案中没有带入的部分
CopyOut 本场会议中取自另一场会议的一段
CountsIn 一人一周的五项活动量；null 为未上报
CreatedSubscription 新建的通知接收方，及只显示这一次的签名密钥
Credentials 用密码登录
CriticalOut 会议触发的一条关键项，由它直接决定结论或转人工复核
CursorOut 来源系统上次推送到的位置
CustomerDetail 一位客户的全部登记信息、最近一周的象限和经营策略
CustomerOut 一位客户；除非有权且要求看全文，姓名已隐去
CustomerSource 人员是怎样认识客户的：warm 缘故，referral 转介绍，event 活动，other 其他
DecisionIn 复核人员对一场会议作出的决定，可逐项改分
DecisionInput 对一份规划的审批意见
DecisionOut 规划审批的一步
DecisionOutput 会上定下的一句话：目标、对策或总结
DefinitionOut 一个指标的一版口径
DeliveryOut 发送记录的一条
DeliveryState 发送状态；后两种为最终状态，可由人重发
Deputation 书面授权谁在哪段时间代为主持会议（R8）
DiffIn 以哪个月、哪些机构的会议比较草稿与现行量规
DiffOut 发布后当月已质检会议会有什么变化；不改写任何结果
DiffRow 一场会议按现行量规和草稿的得分；结论只按分数比较
DifferenceOut 机器分减人工分的差距
Direction 指标以高为好还是以低为好
DisagreementOut 本地读会与语言模型读法不一致的一处，及所据原话
DoingIn 人工核对的一句话在会上起的作用，即语句标签
DraftHead 一份量规草稿的标题和最近一次修改，不含全文
DraftIn 要保存的量规草稿
DraftOut 一份量规草稿及其全文
DuplicateOut 别处的同一段录音（K4）
EndIn 某机构的人工数值从哪天起终止，恢复采用计算值
Ending 机构、营业室或人员从哪天起不再存续或在职
EntityOut 可以导入导出的一类数据：文件中的一张表，或 JSON 的行
ErasureDone 办理后该人还留下什么
ErasurePreview 一次删除个人信息会涉及什么，尚未改动
ErasurePreviewIn 先看谁的个人信息会怎样删除
ErasureRequest 应谁的要求，清除谁的个人信息
EventData 通知所说的事件；只有该事件所有的字段
EventDetail 行事历的一项活动，连同执行记录和检视
EventIn 行事历的一项活动；六要素不全的也保存，标为无效（R30）
EventKind 可以订阅的事件
EventMessage 发给其他系统的一条通知（webhook 的正文）
EventOut 行事历的一项活动，缺哪些要素（R30）、闭环还差什么（R31）
EventTurnout 一个活动中受邀、到场、签单、升温的客户数；未知的不计入分母
EvidenceOut 作为依据的原话及其时间（秒）
ExampleOut 量规中一条自带例子的试跑结果：应得与实得的档位
ExamplesOut 量规自带例子的试跑结果；有一例不符即不能发布
Execution 活动执行后补记的过程和客户反馈
Factor 可能造成 CT 率偏低的因素
Fault 目标树可能的毛病；除最后两种外，有则不能提交
FeedIn 要订阅哪家机构或营业室的行事历
FeedOut 本人的一个行事历订阅，不含订阅地址
FieldOut 一类数据的一列
FileState 批次中文件的状态；被拒的文件在批次恢复后重新等待
Filled 生成当月场次的结果；可以重复执行
FindingKind 每场会议的报告都列出的内容（R34）
FindingOut 一条优秀做法、问题或建议（R34）
FocusList 一家机构的重点主管及原因，和因资料不足无法判断的主管
FocusOut 一名重点主管及原因：未达U、未达CT，或人工标记
FocusReason 为什么是重点主管
FollowUp 后来的哪场会议怎样跟进了这条行动项
FollowUpOutcome 后来的会议怎么说此前的行动项
Format 文件的格式
GapOut 一场会议相邻两段录音之间的间断或重叠，单位为秒
GapsOut 当月行事历缺什么
HeldMeeting 要补登的一场已召开的会议，由开始时间和主题归入场次
HoldIn 为什么要法定保留一场会议的录音
HoldOut 对一场会议录音的一次法定保留
Holding 计划中的会议实际何时召开、由谁主持
ImportOut 一个导入文件中各类数据的处理结果
IncomeAnswer 三因素（R28）、现状得出的收入，及达到目标的路径
IncomeLineOut 一名主管当月的收入目标；null 为尚未设定（R18）
IncomeParts 收入除管理津贴外的构成，元/月
IncomePath 过程反推（R28）：达到收入目标，团队须完成多少活动；缺参数的为 null
IncomeQuestion 据以测算一名主管收入目标和过程的数值，金额为元/月
IncomeTargetOut 一名主管已保存的收入目标及其三因素
IndicatorsValueOut 当月截至某日的有效值；没有值的对象不列
InspectionOut 质检率（R12）：已质检与已召开之比，及尚待质检的会议
InstitutionDetail 一家机构：在机构树中的位置，及今天可主持会议的人（R8）
InstitutionLine 表中一行：一家机构及其当月各场次
InstitutionOut 一家机构；valid_to 是不再存续的首日
InstitutionRef 机构的代码和名称
InteractionIn 与客户的一次互动，其他系统也可推送
InteractionKind 互动的种类；各类权重见参数 interaction_weight.<种类>
InteractionsIn 一批互动；已登记过的不变
InventoryIn 一次客户盘点：各客户当日的标签
InventoryLabel 客户盘点的标签：regular 普客（尚未升温），warming 升温客户（正在跟进）
InventoryOut 该时段的盘点覆盖情况；有多个标签的以最新为准（R32）
Invitation 要邀约哪些客户参加活动
Item 五项活动量：plan 计划，visit 拜访，close 成交，warm 缘故客户，referral 转介绍（R20）
ItemAgreement 某一评分项上机器与复核人员的一致程度和得分之差
ItemChange 两版判得不同的一项；null 为该版没有此项
JobIn 要开始的一次质检
JobOut 一个质检任务
JobRef 上传后自动开始的质检任务及其状态
JobState 任务状态；后三种为最终状态，失败或取消的可由人重试
KeptOut 当月到期的承诺中按期兑现的（已取消的不计）
KeyOut 一把 API 密钥；密钥本身不保存，不能再次显示
KeyShown 密钥，只显示这一次
LabelIn 盘点时给一位客户的标签
Language 控制台的语言
LanguageIn 要为本人选用的控制台语言
LeavingOut 一场到期即删除录音的会议
LeftOut 批次没有质检的：跳过的会议和对不上的文件
Likeness 两场会议何处相同：录音的声音，或所说的话
LintIn 要检查写法的量规全文
LintOut 量规的错误（不能使用）和提醒（可以使用）
ListenOut 作决定前最该听的一段，及原因
LoadOut 待办建议有多少条，其中当天到期和逾期的多少
LoopPart 闭环的三步：plan 规划，execute 执行，review 检视（R31）
ManagementActionIn 一个管理动作的计划；面谈和陪访写明对象，平台搭建写明活动
ManagementActionOut 一个管理动作；陪访须有记录和复盘才算（R32）
ManagementCoverageOut 机构连同下级在一类管理动作上的完成情况（R32）
ManagementReviewIn 对已完成的管理动作的复盘
MarkEnd 人工标记的重点主管从哪天起不再是重点
MarkOut 一名由人标记的重点主管
MatchedFile 批次中一个认出了所属机构和日期的录音文件
MatrixOut 各象限的客户数（R29）
Me 本人是谁，可以做什么
MeetingDetail 一场会议及其会前准备（R24）
MeetingKind 会议的种类：weekly_review 周复盘会，monthly_planning 月规划会
MeetingOut 一场会议及其当前结论
MeetingState 会议状态；不计入场次的（重复、测试）为作废
MeetingsActionIn 由人补写的一条行动项
MeetingsActionOut 会上说定的一条行动项（R26）
MeetingsForm 文字稿可下载的文件格式
MeetingsItemOut 量规的一项；未知和不适用的不计入分母
MeetingsSheetIn 一场会议的整张签到表，提交后取代原表
Method 目标按什么分给下级
MinutesOut 一场已质检会议的纪要
MissingPlatforms 一家机构当月还没有安排的活动平台（R30）
ModelName 要校验文件的语音模型
MoveInput 机构移到哪家上级之下
MoveOutput 两周之间从一个象限移到另一个象限的客户数；象限为 null 表示当周未知
MovementOut 两周之间客户从哪个象限移到哪个象限
MustHold 机构是否应召开二会
Named 编号与名称
NewAccount 一个新账号
NewAction 要计划的一个管理动作；编号由调用方给定
NewBatch 要质检哪些录音：已上传的（月份、清单、文件名格式至少一项）、归档文件夹里的，或客户端将要发送的
NewDefinition 一个新指标，或已有指标的新版口径：登记后不再改写
NewEvent 要新建的一项行事历活动；编号由调用方给定
NewFeed 新建的行事历订阅，及只显示这一次的订阅地址
NewInstitution 要设立的一家机构
NewKey 给其他系统的一把密钥
NewMark 由人把一名主管标为重点主管，及原因和起止日
NewMeeting 要为机构当月的一个场次登记的计划会议
NewOffice 要在机构下设立的一个营业室
NewPerson 入职的一名人员及其最初的职级和所属
NewPlan 要新建的一份月度规划，尚无目标
NewScenario 同月的另一个方案，或另一个月的第一份规划
NewSubscription 要新建的通知接收方：哪些事件发到哪里
NextSlot 简报所对应的场次
NodeOut 一个对象在一个指标上的目标；未分配节点为还没有分给下级的部分
ObservationIn 一个对象截至某日的指标值
Observations 一批指标值：全部写入，或逐行说明问题而一行不写
OfferedFile 客户端将要发送的一个文件
OfficeChange 对营业室的修改；对此前的时间也生效
OfficeOut 一个营业室
OfficeProgress 营业室本月至今的 CT；null 为缺阈值或实绩
OneTimePassword 一次性密码，只显示这一次；首次登录时须修改
OpenLoop 闭环中还没有做的部分（R31）
OrganisationDayOut 由人录入的一年中的一个特殊日子
OrganisationMonthOut 一个月的经营日历
OverrideOut 复核人员对一个评分项改后的得分及原因
PaceOut 复核的生效数，及本人复核一场的用时
Page_AccountOut_ 一页账号
Page_AppealOut_ 一页申诉，新的在前
Page_AuditOut_ 一页审计记录
Page_BatchFileOut_ 一页批次要收的文件
Page_BatchMeetingOut_ 一页批次的会议
Page_BatchOut_ 一页批次，新的在前
Page_CalibrationOut_ 一页校准集，新的在前
Page_ComplianceScore_ 一页各机构当月的合规得分
Page_CustomerOut_ 一页客户，按编号排序
Page_DeliveryOut_ 一页发送记录，新的在前
Page_HoldOut_ 一页法定保留
Page_InstitutionLine_ 一页当月合规表，每行一家机构，按代码排序
Page_InstitutionOut_ 一页机构，按代码排序
Page_JobOut_ 一页质检任务，新的在前
Page_KeyOut_ 一页 API 密钥，不含密钥本身
Page_ManagementActionOut_ 一页管理动作，按日期排序
Page_MeetingOut_ 一页会议及其当前结论
Page_MeetingsActionOut_ 一页会上说定的行动项，期限早的在前
Page_OfficeOut_ 一页营业室，按代码排序
Page_ParameterOut_ 一页参数，或一个参数的历次取值
Page_PartOut_ 一页受邀参加活动的客户
Page_PersonOut_ 一页人员，按工号排序
Page_PlanOut_ 一页规划，按编号排序
Page_PracticeOut_ 一页优秀做法，新的在前
Page_QueueRow_ 一页待人工复核的结论，紧急的在前
Page_RecommendationOut_ 一页待办建议，先到期的在前
Page_Recruit_ 一页下线，近的在前，同代按工号排序
Page_ReviewOut_ 一页复核，新的在前
Page_SlotRow_ 一页当月场次及其状态，按机构代码和场次排序
Page_SubscriptionOut_ 一页通知接收方，新的在前
Page_WeekOut_ 一页一位客户逐周的价值、温度和潜力
ParameterIn 自某日起的参数值；上一个值在该日终止
ParameterOut 一个阈值、比率或系数：适用于全公司、某机构及其下级，或某职级
PartIn 对客户一部分情况的填写；不填的变为未知
PartLoad 一家下级机构或一位服务人员的待办建议有多少条
Part_BelowStandard_ 会前简报中低于标准的人员；资料不足时说明原因，不当作没有
Part_CommitmentOut_ 会前简报中会上要核对的承诺；资料不足时说明原因，不当作没有
Part_RankingOut_ 会前简报中的指标排行；资料不足时说明原因，不当作没有
PartsIn 活动后登记的各客户到场、签单和前后温度
PasswordChange 原密码和新密码
Permission 接口所需的权限
PersonChange 更正填错的个人信息；只改所填的字段
PersonDetail 一名人员及其全部职级经历，最早的在前
PersonKind 外勤负责销售，内勤负责管理
PersonOut 一名人员在所问之日的情况
PersonProgress 一名人员当月至今是否达U；null 为缺阈值或 FYC
PersonRef 人员的工号和姓名
Place 校准集中的一场会议，只给出盲评者可以知道的内容
PlaceOut 排行中的一行（R15）；差距为负表示落后，null 为未知
PlanChange 对规划的修改；只能改草稿
PlanComparison 同一机构同月的各规划方案，及其逐节点对照
PlanDetail 一份规划及其整棵目标树（上级在前），及其中的问题（R27）
PlanOut 机构某月的一个规划方案
PlanProblem 目标树中的一个问题（R27）
PlanState 规划的审批状态：草稿、已提交、已通过或已退回；已通过的可被新规划取代
Platform 三类活动平台，每类每月至少一次（R30）
PracticeMinutes 一条值得推广的做法；录音片段见 …/practices/{number}/audio
PracticeKindOut 一种优秀做法（R34）在多少会议和机构出现
PracticeOut 会上分享的一条优秀做法（R34），及其依据所在
PremiumOut 该时段签单的期缴保费
Preparation 要登记的会前准备：主题、时间、目标和流程（R24）
Presence 出席方式；请假单列，仍计入分母
Present 提交的签到表中一名人员的出席方式
ProblemOut 量规写法的一处错误及其行列
Progress 一名复核人员在校准集中交了几场盲评
Promotion 人员从哪天起改任什么职级
Quadrant 象限：首字母为价值，次字母为温度
QueueOut 本人管辖机构的复核队列概况
QueueRow 一条等待人工复核的结论
Quote 录音中的一句原话及其起止，单位为秒
RankOut 一个职级
ReaderChoice 由谁读会：local 本地，llm 语言模型，both 两者相互核对
ReadersOut 本地之外由谁读了会、两种读法有何分歧
Ready 服务能接受请求，以及有几个工作进程
RankingOut 下级在一个指标上截至某日的排行和平均值（R15）
RatesOut 各月末的滚动单室 CT 率，最早的在前；null 为没有任何一个月可评
RecommendationOut 一条待办的建议：为哪位客户做什么、为什么、何时之前
RecordIn 管理动作在哪天完成，及完成情况的记录
RecordingOut 一场会议的各段录音，按顺序
RecordingWithdrawal 为什么撤回一段录音
RecordingsPartOut 会议录音的一段
Recruit 某人的一名下线：第几代、由谁引荐
Renaming 机构的新名称
RequirementOut 场次须满足的一条要求及所依据的规则
RetentionOut 录音保留多久，接下来删除哪些
ReviewState 复核状态；提出的决定可能要等第二人意见
Reviewed 本版记录的人工决定；机器的版本保留
ReviewerPace 一名复核人员近 7 天的复核数和用时，单位为分钟
ReviewsOverrideIn 复核决定中对一个评分项的改分及原因
ReviewsReviewOut 一次复核；决定形成新的一版结论，机器的版本保留
Role 账号的角色；各角色的权限固定
RootTarget 规划中机构自身在一个指标上的目标值，单位依指标口径
RosterOut 当日谁应参加本机构的会议（R9），谁可以主持（R8）
RowsIn 其他系统推送的行：全部写入，或一行也不写；已有的行按编号更新，可重复推送；没有给出的字段不变
RowsOut 其他系统推送的一批行的处理结果和记录到的位置
RubricHead 一份正在使用或使用过的量规
RubricOut 一份正在使用或使用过的量规及其全文
RubricState 量规状态；只有已发布的用于评分，停用的仍可查看
RunIn 要生成哪一天的建议
RunOut 生成某日待办建议的结果：看了多少客户、有多少条建议
ScopeKind 目标、指标值或参数属于哪一类对象
ScopeOut 一个对象的编号与名称
ScopeRef 一家机构、一个营业室或一名人员，以编号指代
ScopeValue 分给一个下级的目标值，单位依指标口径
ScopeWeight 分解目标时一个下级的权重，按占合计的比例分配
ScoreBand 得分在 [low, high) 的会议数（最后一段含 100 分）
ScoreIn 盲评中对一个评分项给的分
ScorecardOut 一版会议结论的全部内容
SecondIn 第二人对一次复核决定的意见
SegmentOut 会前简报建议的会议流程中的一段，单位为分钟
ShareOut 直接下级中的一个应分得的目标
SharesOut 按某方法各直接下级应分得多少；不作任何修改
SheetOut 一场会议的签到表，已按应到人员预填（R9）
SheetRow 签到表的一行；presence 为 null 表示尚未登记
Side 周报的一面：计划或实际
SlotCell 一家机构的一个场次，及计入的会议和当前结论
SlotName 每月的四个场次（R1、R2）
SlotOut 当月四场会议中的一场，及可召开的日期（R1-R4）
SlotRow 机构应召开的一场会议，及其结果
SlotState 场次的结果；又迟又低的算迟
SnapshotOrder 计算当周温度，并连同价值和潜力保存
SnapshotRunOut 生成一周客户快照的结果：多少客户，其中多少缺价值或温度
Sort 会议列表的排序
SpecialDay 特殊日子与平常星期几有何不同
SpecialDayIn 录入的一个法定节假日或调休工作日
SpeechModelOut 本机的一个语音模型
SpeechModelsOut 已安装的语音模型（最好的在前），及可以获取的
SpreadOut 分解之后的规划；此前分解过的目标不变
Spreading 把所有还没有下级的目标逐级分解下去
Stage 任务的各阶段，按先后
Standing 所问之日机构是否存续、人员是否在职
State 服务正常；任何一处不正常即返回错误
StateIn 暂停还是启用一个通知接收方
Status 检查的结果：pass 通过，warn 提醒，fail 未通过，unknown 资料不足、无法判断
Subject 个人信息属于谁
SubscriptionOut 一个通知接收方；地址中保密的部分不显示
Summary 某机构及其下级一个月的概况
TakenOut 一类数据各行的处理结果
Taking 本人要领取哪场会议来复核
TargetValue 目标树上一个节点的新目标值，单位依指标口径
TeamBreakDown 按团队分解之后的规划；任一团队缺因素则不作修改
TemperatureLevel 温度的高低：high 高（60 起），medium 中（40–59），low 低（不足 40）
Theme 周主题；主题属于场次，而非实际召开的日子（R4）
TierOut 一个职级的月末人数和人均产能，产能单位为元/人月
TimePlan 会前简报建议的会议用时，单位为分钟
ToolboxOverrideIn 人工设定的数值；终止之前优先于计算值
ToolboxTable 工具箱的三张表：分层队伍产能（元/人月，按职级）、客均保费贡献（元/客，按象限）、活动平台转化
ToolboxValueOut 一个已保存的数值
TranscriptEdit 对文字稿的一次人工更正，存为新的一版
TranscriptHead 文字稿的一个版本
TranscriptOut 一份文字稿及章节边界；除非要求全文，个人号码已隐去
Transfer 人员从哪天起调到哪家机构、哪个营业室
TrendPoint 某机构及其下级其中一个月的合规汇总
TurnoutOut 某范围一个月中一种平台的活动受邀、到场、签单、升温的客户数；未知的不计入分母
UnfinishedOut 本人一次还没有完成的断点续传
UnmatchedFile 批次中一个认不出所属会议的录音文件及原因
UploadAnswer 一次上传的结果
UploadOut 一次断点续传
UtteranceOut 文字稿中的一句话，起止单位为秒
Verdict 会议的结论：qualified 合格，not_qualified 不合格，needs_review 待人工复核
VersionOut 一版会议结论，不含各部分
Voiding 会议为什么作废、不计入场次
VolumeOut 一家机构、营业室或一名人员的 PVKYC 活动量，及是否量大质低
VolumesIn 要上报的各人一个经营周的活动量，计划或实际
WaveformOut 录音各处的响度，各段依次相接
WeekOut 客户在截至该日的业务周的情况；null 为未知
Why 结论为什么等待人工复核，最紧急的在前
Withdrawal 客户在哪天于犹豫期内撤单
WithdrawnOut 撤回一段后其余各段录音及其质检任务
WorkerOut 一个正在执行质检任务的后台进程
WorkloadOut 某机构及其下级的待办建议有多少：按行动，按下级或服务人员
Written 本次请求写入的行数
YearIn 由人录入的一年的节假日和调休，取代内置数据
YearOut 一个由人录入节假日、不用内置数据的年份
""".strip().splitlines()
)
"""Sentence by type, as the description names it."""
