"""What the service says about its models: the REST formats of TensorFlow Serving, and a list of its own."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from pydantic import BaseModel, Field


class VersionStatus(BaseModel):
    """The state of a version, in the format of TensorFlow Serving."""

    version: str
    state: str
    status: Dict[str, str]


class ModelStatus(BaseModel):
    """The states of a model's versions, of which there is one."""

    model_version_status: List[VersionStatus]


class ModelMetadata(BaseModel):
    """The signatures of a model, in the format of TensorFlow Serving."""

    model_spec: Dict[str, str]
    metadata: Dict[str, Any]


class ModelEntry(BaseModel):
    """A served model."""

    name: str
    kind: str = Field(description="Name of the model, such as sam, bidaf or qanet.")
    title: str
    parameters: Optional[int] = Field(description="Number of trained scalars.")
    f1: Optional[float] = Field(description="Token F1 on the test split of its data, 0-100.")
    source: str
    reads_once: bool = Field(description="Whether it keeps what it has read of a document.")


class ModelList(BaseModel):
    """All models, in the order in which the page shows them."""

    models: List[ModelEntry]
