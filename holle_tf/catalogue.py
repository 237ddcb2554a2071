"""The catalogue of models: one row for each, without TensorFlow.

A new model is one file with its builder and one row here, below the class of its options. From the rows
come the sections of the configuration, the choices of ``--model`` and ``--teacher``, the names that people
see, the rows of the report, what is benchmarked, and what can be searched. A plugin adds a model by the same
``register_model``.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from pkgutil import resolve_name
from typing import Any, Callable, Mapping

from holle_tf.options.distill import INTERACTIONS
from holle_tf.options.training import TrainingConfig
from pipelines.errors import UserError
from pipelines.option import option
from pipelines.plugins import plugin_of

STUDENT, TEACHER = "student", "teacher"
DEFAULT_STUDENT = "sam"


@dataclass(frozen=True)
class Model:
    """A row of the catalogue.

    Attributes:
        name: in ``--model``, ``--teacher``, the configuration and paths.
        title: for people.
        role: student | teacher. Students follow recipes and can be exported; teachers learn from labels.
        options: a frozen dataclass of ``option`` fields, the model's section of the configuration.
        inputs: features that it reads, names of ``pipelines.dataset.make_dataset``.
        match_inputs: further ones that it reads if its option ``match`` is true.
        builder: "module:function" of (options, word vectors, characters in the vocabulary, whether the word
            vectors are learned) -> functional Keras model that returns ``models.outputs.span_outputs``.
        training: its training defaults.
        vectors: further outputs, (batch, size) each -> title for people.
        conicity: names among ``vectors`` whose conicity is measured; by default all.
        depth: the option that says how deep it is, for TensorBoard; empty = none.
        exporter: "module:function" of (options, model, words, limits) -> ``export.student.Student``; empty =
            it cannot be exported.
        plugin: name of the plugin that registered it; empty for the models of the package.
    """

    name: str
    title: str
    role: str
    options: type
    inputs: tuple[str, ...]
    builder: str
    match_inputs: tuple[str, ...] = ()
    training: TrainingConfig = field(default_factory=TrainingConfig)
    vectors: Mapping[str, str] = field(default_factory=dict)
    conicity: tuple[str, ...] = ()
    depth: str = ""
    exporter: str = ""
    plugin: str = ""

    def inputs_with(self, options: Any) -> tuple[str, ...]:
        """The features that it reads with these options."""
        return (*self.inputs, *(self.match_inputs if getattr(options, "match", False) else ()))

    def build(
        self, options: Any, embeddings: Any, char_count: int, trainable_embeddings: bool = False
    ) -> Any:
        """The functional Keras model; TensorFlow is imported now.

        Args:
            options: of the class ``options``.
            embeddings: float32 (vocabulary, word_dim); row 0 is padding, row 1 the unknown word.
            char_count: characters in the vocabulary, padding included.
            trainable_embeddings: learn the word vectors too.

        Raises:
            ValueError: the model has other outputs than its row says.
        """
        model = resolve_name(self.builder)(options, embeddings, char_count, trainable_embeddings)
        expected = {"start_logits", "end_logits", "document_mask", *self.vectors}
        if set(model.output) != expected:
            found = sorted(model.output)
            raise ValueError(f"model {self.name!r}: it returns {found}, its row says {sorted(expected)}")
        return model

    @property
    def student_maker(self) -> Callable[..., Any]:
        """The function that ``exporter`` names.

        Raises:
            UserError: models of this name cannot be exported.
        """
        if not self.exporter:
            why = "its row in the catalogue has no exporter" if self.role == STUDENT else "it is a teacher"
            raise UserError(
                f"{self.title} cannot be exported, because {why}; choose a run of a student such as sam."
            )
        found: Callable[..., Any] = resolve_name(self.exporter)
        return found


MODELS: dict[str, Model] = {}


def register_model(row: Model) -> Model:
    """Add a row to the catalogue.

    Raises:
        ValueError: the row is wrong, or its name is taken.
    """
    if row.name in MODELS:
        raise ValueError(f"two models are called {row.name!r}")
    if not row.name.isidentifier():
        raise ValueError(f"model {row.name!r}: a name has letters, digits and _")
    if row.role not in (STUDENT, TEACHER):
        raise ValueError(f"model {row.name!r}: role is {STUDENT!r} or {TEACHER!r}, not {row.role!r}")
    if unknown := set(row.conicity) - set(row.vectors):
        raise ValueError(
            f"model {row.name!r}: conicity of {sorted(unknown)}, which are not among its vectors"
        )
    MODELS[row.name] = replace(
        row,
        conicity=row.conicity or tuple(row.vectors),
        plugin=row.plugin or plugin_of(row.options.__module__),
    )
    return MODELS[row.name]


def model_row(name: str) -> Model:
    """The row called ``name``.

    Raises:
        UserError: there is none; the nearest name is given.
    """
    if name not in MODELS:
        near = difflib.get_close_matches(name, MODELS, n=1, cutoff=0.0)
        raise UserError(
            f"no model is called {name!r}; did you mean {near[0]!r}? A model of a plugin needs --plugin."
        )
    return MODELS[name]


def students() -> tuple[str, ...]:
    """Names of the students, in the order of their rows."""
    return tuple(name for name, row in MODELS.items() if row.role == STUDENT)


def teachers() -> tuple[str, ...]:
    """Names of the teachers, in the order of their rows."""
    return tuple(name for name, row in MODELS.items() if row.role == TEACHER)


def is_student(name: str) -> bool:
    """Whether the model called ``name`` is a student."""
    return model_row(name).role == STUDENT


def title_of(name: str) -> str:
    """What people call the model; its name if its plugin is not loaded."""
    return MODELS[name].title if name in MODELS else name


def vector_titles() -> dict[str, str]:
    """What people call the vectors of all models, by name."""
    return {name: title for row in MODELS.values() for name, title in row.vectors.items()}


_TEXTS = ("document", "query", "prober_history", "responder_history")


@dataclass(frozen=True)
class SamConfig:
    """Simple Attention Model, the paper's student (section 3.3; best values of section 5.1)."""

    interaction: str = option("add", "how vectors are combined (paper, section 4.1)", choices=INTERACTIONS)
    cell: str = option("gru", "recurrent cell", choices=("gru", "lstm"))
    units: int = option(64, "d of one direction; the paper tried 64, 100, 128", positive=True)
    layers: int = option(2, "recurrent layers; the paper tried 1, 2, 3", positive=True)
    inner_units: int = option(64, "width inside the additive interaction; mul does not use it", positive=True)
    encoder_sharing: str = option("all", "texts that share one encoder", choices=("all", "context", "none"))
    dropout: float = option(
        0.2, "rate on word vectors and between recurrent layers; the paper gives none", below=1
    )


register_model(
    Model(
        name="sam",
        title="SAM",
        role=STUDENT,
        options=SamConfig,
        inputs=_TEXTS,
        builder="holle_tf.models.sam:build_sam",
        training=TrainingConfig(l2=1e-3),
        vectors={"prober_vector": "h^P", "responder_vector": "h^R"},
        depth="layers",
        exporter="holle_tf.export.student:Student.of",
    )
)


@dataclass(frozen=True)
class SamMatchConfig(SamConfig):
    """SAM with match features, which reads the document with the question in mind (docs/students.md)."""

    match_units: int = option(
        24, "units of one direction of the layer that reads match features", positive=True
    )
    stem_match: bool = option(True, "words also match if they only begin alike, such as invade and invading")
    soft_match: bool = option(True, "words also match by their vectors")
    align_units: int = option(64, "width of the alignment of document and query; 0 = no aligned query")


register_model(
    Model(
        name="sam_match",
        title="SAM-match",
        role=STUDENT,
        options=SamMatchConfig,
        inputs=(*_TEXTS, *(f"{text}_keys" for text in _TEXTS)),
        builder="holle_tf.models.sam_match:build_sam_match",
        training=TrainingConfig(learning_rate=2e-3, l2=1e-5, decay="cosine"),
        vectors={"prober_vector": "h^P", "responder_vector": "h^R"},
        depth="layers",
        exporter="holle_tf.export.student:Student.of",
    )
)

_JOINED_QUESTION = ("document", "document_chars", "question", "question_chars", "query", "prober_history")
_QUESTION_KEYS = ("document_keys", "question_keys")
_CONTEXT_TO_QUERY = {"mean_context_to_query": "mean context-to-query vector"}
_MATCH = "each word is also marked as one that occurs in the other text or not (beyond the published model)"


@dataclass(frozen=True)
class BidafConfig:
    """BiDAF for response prediction (paper, section 3.1; Seo et al., 2016)."""

    units: int = option(100, "units of one direction of every LSTM", positive=True)
    char_dim: int = option(8, "dimension of a character's vector", positive=True)
    char_filters: int = option(100, "filters of the character convolution", positive=True)
    char_width: int = option(5, "characters that one filter sees", positive=True)
    highway_layers: int = option(2, "highway layers")
    modelling_layers: int = option(2, "recurrent layers above the attention")
    segments: bool = option(True, "mark which part of the question a word is from; false = as published")
    match: bool = option(False, _MATCH)
    dropout: float = option(0.2, "rate before every layer", below=1)


register_model(
    Model(
        name="bidaf",
        title="BiDAF",
        role=TEACHER,
        options=BidafConfig,
        inputs=_JOINED_QUESTION,
        match_inputs=_QUESTION_KEYS,
        builder="holle_tf.models.bidaf:build_bidaf",
        training=TrainingConfig(optimizer="adadelta", learning_rate=0.5, epsilon=1e-6, ema_decay=0.999),
        vectors={**_CONTEXT_TO_QUERY, "query_to_context": "query-to-context vector h~"},
        depth="modelling_layers",
    )
)


@dataclass(frozen=True)
class QanetConfig:
    """QANeT for response prediction (paper, section 3.2; Yu et al., 2018)."""

    units: int = option(128, "d of every layer", positive=True)
    heads: int = option(8, "heads of self-attention", positive=True)
    char_dim: int = option(64, "dimension of a character's vector", positive=True)
    char_width: int = option(5, "characters that one filter sees", positive=True)
    highway_layers: int = option(2, "highway layers")
    encoder_convs: int = option(4, "separable convolutions in the embedding encoder block")
    encoder_kernel: int = option(7, "words that each of these convolutions sees")
    model_blocks: int = option(7, "blocks of the model encoder, shared by its three passes")
    model_convs: int = option(2, "separable convolutions in each of these blocks")
    model_kernel: int = option(5, "words that each of these convolutions sees")
    segments: bool = option(True, "mark which part of the question a word is from; false = as published")
    match: bool = option(False, _MATCH)
    dropout: float = option(0.1, "rate between layers", below=1)
    word_dropout: float = option(0.1, "rate on word vectors", below=1)
    char_dropout: float = option(0.05, "rate on character vectors", below=1)
    survival: float = option(0.9, "stochastic depth: chance that the topmost sublayer is kept")
    chunked_training: bool = option(
        False, "attend in chunks in training, for documents of thousands of words: less memory, more time"
    )
    matching_start: bool = option(
        False, "initial scales at which equal words of document and question attend to each other"
    )

    def fault(self) -> str:
        """What is wrong with several options together; empty if nothing is."""
        if self.units % self.heads:
            return f"units={self.units}: has to be a multiple of heads ({self.heads})"
        return ""


register_model(
    Model(
        name="qanet",
        title="QANeT",
        role=TEACHER,
        options=QanetConfig,
        inputs=_JOINED_QUESTION,
        match_inputs=_QUESTION_KEYS,
        builder="holle_tf.models.qanet:build_qanet",
        training=TrainingConfig(beta_1=0.8, warmup_steps=1000, clip_norm=5.0, l2=3e-7, ema_decay=0.9999),
        vectors={**_CONTEXT_TO_QUERY, "similarity_row_sums": "row sums of the similarity"},
        depth="model_blocks",
    )
)
